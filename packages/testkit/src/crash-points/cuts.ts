import type { FileFault } from '../simulator/plan.ts'
import { NEVER, survives } from './operation.ts'
import type { Operation } from './operation.ts'
import { wayToDisk } from './way-to-disk.ts'

export type Side = 'client' | 'server'

/** Between the call sites of a way. */
const SEPARATOR = ' < '

/**
 * What can become of a file call, in turns. The lower bits of a seed choose the error, and what the
 * application does then.
 */
const MANNERS: readonly { readonly what: FileFault; readonly seed: number }[] = [
  { what: 'crash', seed: 0 },
  { what: 'refused', seed: 0 },
  { what: 'power', seed: 0 },
  { what: 'cut', seed: 2 },
  { what: 'crash', seed: 1 },
  { what: 'refused', seed: 3 },
  { what: 'power', seed: 1 },
  { what: 'cut', seed: 1 },
]

/** A fault at one of an operation's file calls. */
export interface Cut {
  readonly nth: number
  readonly what: FileFault
  readonly seed: number
}

/**
 * The ways by which an operation comes to disk on each side, call by call. Runs it once.
 *
 * @throws as {@link wayToDisk}
 */
export async function waysOf(operation: Operation): Promise<Readonly<Record<Side, readonly string[]>>> {
  const ways: Record<Side, string[]> = { client: [], server: [] }
  const unknown: unknown[] = []
  await survives(operation, NEVER, (side) => {
    try {
      ways[side].push(wayToDisk().join(SEPARATOR))
    } catch (error) {
      // What operates may take it for a failing disk, and go on.
      unknown.push(error)
    }
  })
  if (unknown.length > 0) throw unknown[0]
  return ways
}

/** Ways that have the same call sites nearest to the disk, so many, are one to the suite. */
const NEAREST = 3

/**
 * Chooses where to cut: each way whose end is in none of `known`, or one of whose call sites is not, where it is
 * gone first. Both come into `known`.
 */
export function chooseCuts(ways: readonly string[], known: Set<string>): Cut[] {
  const cuts: Cut[] = []
  for (const [index, way] of ways.entries()) {
    const sites = way.split(SEPARATOR)
    const news = [sites.slice(0, NEAREST).join(SEPARATOR), ...sites].filter((part) => !known.has(part))
    if (news.length === 0) continue
    cuts.push(cutAt(index, MANNERS[known.size % MANNERS.length]!))
    for (const part of news) known.add(part)
  }
  return cuts
}

/** All manners at all calls. */
export function allCuts(ways: readonly string[]): Cut[] {
  return ways.flatMap((_, index) => MANNERS.map((manner) => cutAt(index, manner)))
}

function cutAt(index: number, { what, seed }: (typeof MANNERS)[number]): Cut {
  return { nth: index + 1, what, seed: index * 4 + seed }
}
