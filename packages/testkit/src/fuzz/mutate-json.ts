import type { Random } from '../simulator/random.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const MAX_DEPTH = 500
const STRANGE: readonly (() => Json)[] = [
  () => null,
  () => true,
  () => -1,
  () => 0.5,
  () => 2 ** 53,
  () => 1e308,
  () => '',
  () => '\u0000',
  () => '\ud800',
  () => '__proto__',
  () => 'x'.repeat(100_000),
  () => [],
  () => ({}),
  () => Array.from({ length: 2000 }, () => ({})),
  () => ({ type: 'not', cond: { type: 'is_autocommit' } }),
  () => ({ type: 'integer', value: '9'.repeat(500) }),
  () => ({ type: 'blob', base64: '====' }),
  () => nest(MAX_DEPTH),
]

/**
 * `valid` with one to four values or keys replaced, removed, repeated or moved; then, rarely, its text damaged as well.
 */
export function mutateJson(valid: Json, random: Random): string {
  const root: { value: Json } = { value: structuredClone(valid) }
  for (let edits = random.between(1, 4); edits > 0; edits--) edit(pickPlace(root, random), random)
  const text = JSON.stringify(root.value)
  if (random.chance(85)) return text
  const at = random.below(text.length + 1)
  return (
    text.slice(0, at) +
    random.pick(['', '{', '[', '"', '\\', ',', '1e999', '\u0000']) +
    text.slice(at + random.below(5))
  )
}

interface Place {
  readonly holder: Json[] | { [key: string]: Json }
  readonly key: string
}

function pickPlace(root: { value: Json }, random: Random): Place {
  let place: Place = { holder: root, key: 'value' }
  for (;;) {
    const value = valueAt(place)
    if (typeof value !== 'object' || value === null) return place
    const keys = Object.keys(value)
    if (keys.length === 0 || random.chance(12)) return place
    place = { holder: value, key: random.pick(keys) }
  }
}

function valueAt({ holder, key }: Place): Json {
  return (holder as { [key: string]: Json })[key]!
}

function edit(place: Place, random: Random): void {
  const holder = place.holder as { [key: string]: Json }
  const value = valueAt(place)
  const what = random.below(5)
  if (what === 0 && Array.isArray(place.holder)) place.holder.splice(Number(place.key), 1)
  else if (what === 1 && Array.isArray(value)) value.push(...value.slice(0, 50))
  else if (what === 2 && typeof value === 'string')
    holder[place.key] = value + random.pick(['\u0000', "'", '"', ';', '--', '💥'])
  else if (what === 3) setOwn(holder, random.pick(['__proto__', 'type', 'sql', 'steps', place.key]), value)
  else holder[place.key] = random.pick(STRANGE)()
}

/** Also `__proto__`, which an assignment would not make a property. */
function setOwn(holder: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function nest(depth: number): Json {
  let value: Json = { type: 'is_autocommit' }
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { type: 'not', cond: value } : [value]
  return value
}
