import type { Random } from '../simulator/random.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { SELECTOR } from './valid-messages.ts'

const COOKIE_WITH_RUNS = 12_347
const MAX_CONTAINERS = 65_536

/** A Roaring bitmap that is damaged, or small and yet selects four billion pages. */
export function hostileSelector(random: Random): Uint8Array {
  if (random.chance(60)) return mutateBytes(SELECTOR, [SELECTOR, everyPage(4)], random)
  const containers = random.pick([1, 2, 3, 4, 5, 100, MAX_CONTAINERS])
  const selector = everyPage(containers)
  return random.chance(50) ? selector : mutateBytes(selector, [SELECTOR], random)
}

/** All numbers of as many containers, one run in each. */
export function everyPage(containers: number): Buffer {
  const cookie = Buffer.alloc(4)
  cookie.writeUInt32LE(COOKIE_WITH_RUNS + (containers - 1) * 65_536)
  const runFlags = Buffer.alloc((containers + 7) >>> 3, 0xff)
  const keys = Buffer.alloc(containers * 4)
  for (let i = 0; i < containers; i++) keys.writeUInt32LE(0xffff0000 + i, i * 4)
  const offsets = Buffer.alloc(containers >= 4 ? containers * 4 : 0)
  const run = Buffer.from('01000000ffff', 'hex')
  return Buffer.concat([cookie, runFlags, keys, offsets, ...Array.from({ length: containers }, () => run)])
}
