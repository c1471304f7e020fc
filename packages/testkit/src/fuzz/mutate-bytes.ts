import type { Random } from '../simulator/random.ts'

/**
 * Varints that lengths and counts get: small, at the borders of 32, 53 and 64 bits, and longer than a varint may be.
 */
const VARINTS = [
  '00',
  '01',
  '7f',
  'ffff03',
  'ffffffff07',
  'ffffffff0f',
  'ffffffffffffff0f',
  'ffffffffffffffffff01',
]
  .concat(['80808080808080808001', 'ffffffffffffffffffffff01', '8000', '808080808000'])
  .map((hex) => Buffer.from(hex, 'hex'))
const MAX_BYTES = 4 * 1024 * 1024
const MAX_NESTING = 20_000

type Mutation = (bytes: Buffer, others: readonly Uint8Array[], random: Random) => Buffer

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBit(bytes, _, random) {
    if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
    return bytes
  },
  overwrite(bytes, _, random) {
    const at = random.below(bytes.length + 1)
    return replaceAt(bytes, at, at + random.below(16), randomBytes(random, random.below(16)))
  },
  cut: (bytes, _, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  remove(bytes, _, random) {
    const at = random.below(bytes.length + 1)
    return replaceAt(bytes, at, at + random.between(1, 64), Buffer.alloc(0))
  },
  repeat(bytes, _, random) {
    const from = random.below(bytes.length + 1)
    const piece = bytes.subarray(from, from + random.between(1, 256))
    return replaceAt(
      bytes,
      from,
      from,
      Buffer.concat(Array.from({ length: random.between(1, 40) }, () => piece)),
    )
  },
  splice(bytes, others, random) {
    const other = random.pick(others)
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.byteLength + 1)),
    ])
  },
  varint(bytes, _, random) {
    const at = random.below(bytes.length + 1)
    return replaceAt(bytes, at, at + random.below(3), random.pick(VARINTS))
  },
  appendField: (bytes, others, random) => Buffer.concat([bytes, unknownField(others, random)]),
  prependField: (bytes, others, random) => Buffer.concat([unknownField(others, random), bytes]),
  nest: (bytes, _, random) =>
    nested(bytes, random.between(1, 15), random.chance(20) ? MAX_NESTING : random.below(200)),
  groups: (bytes, _, random) => Buffer.concat([bytes, Buffer.alloc(random.below(MAX_NESTING), 0x0b)]),
}
const NAMES = Object.keys(MUTATIONS)

/** One to four edits of `valid`; `others` are messages that parts are taken from. */
export function mutateBytes(valid: Uint8Array, others: readonly Uint8Array[], random: Random): Buffer {
  let bytes = Buffer.from(valid)
  for (let edits = random.between(1, 4); edits > 0; edits--) {
    bytes = Buffer.from(MUTATIONS[random.pick(NAMES)]!(bytes, others, random).subarray(0, MAX_BYTES))
  }
  return bytes
}

export function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)))
}

/** A protobuf varint. */
export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

/** A length-delimited protobuf field. */
export function field(number: number, payload: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(payload.byteLength), payload])
}

function replaceAt(bytes: Buffer, start: number, end: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)])
}

/** A field of any number and wire type, so that known ones come twice and unknown ones at all. */
function unknownField(others: readonly Uint8Array[], random: Random): Buffer {
  const number = random.chance(80) ? random.between(0, 16) : random.pick([100, 536_870_911, 536_870_912])
  const wireType = random.below(8)
  const content =
    wireType === 2 && random.chance(60) ? random.pick(others) : randomBytes(random, random.below(12))
  if (wireType === 2 && random.chance(70)) return field(number, content)
  return Buffer.concat([
    varint(number * 8 + wireType),
    random.chance(50) ? random.pick(VARINTS) : Buffer.alloc(0),
    content,
  ])
}

function nested(bytes: Buffer, number: number, depth: number): Buffer {
  const heads: Buffer[] = []
  let length = bytes.length
  for (let level = 0; level < depth && length < MAX_BYTES; level++) {
    const head = Buffer.concat([varint(number * 8 + 2), varint(length)])
    heads.push(head)
    length += head.length
  }
  return Buffer.concat([...heads.toReversed(), bytes])
}
