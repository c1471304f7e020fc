import { planFor } from '../src/simulator/plan.ts'
import { expect, it } from 'vitest'

import { planWithReader } from '../src/simulator/reader-plan.ts'
import { runPlan } from '../src/simulator/run.ts'
import { planWithTurso } from '../src/simulator/turso/turso-plan.ts'

/** `pnpm simulate` runs as many as one likes. */
const SEEDS = [1, 2, 3, 4, 5, 6]
const READER_SEEDS = [1, 2, 3]
const TURSO_SEEDS = [1, 2, 82]

it.each(SEEDS)(
  'I1–I6: clients and a server keep every acknowledged write once, through any faults (seed %s)',
  async (seed) => {
    const failure = await runPlan(planFor(seed))
    expect(failure?.error, failure?.log.join('\n')).toBeUndefined()
  },
)

it.each(TURSO_SEEDS)('the same with Turso’s clients among them (seed %s)', async (seed) => {
  const failure = await runPlan(planWithTurso(seed))
  expect(failure?.error, failure?.log.join('\n')).toBeUndefined()
})

it.each(READER_SEEDS)('the same with a client that only reads (seed %s)', async (seed) => {
  const failure = await runPlan(planWithReader(seed))
  expect(failure?.error, failure?.log.join('\n')).toBeUndefined()
})

it('a seed means the same plan each time', () => {
  expect(planFor(7)).toEqual(planFor(7))
  expect(planFor(7)).not.toEqual(planFor(8))
  expect(planWithTurso(7)).toEqual(planWithTurso(7))
})
