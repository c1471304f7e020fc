import { describe, expect, test } from 'vitest'
import type { WorkResult } from './comparison/compare-work.ts'
import { floors, shortfallsOf } from './floors.ts'
import { works } from './works/index.ts'

const failed = { failed: 'it crashed' }
const echo = "the echo: pull after one's own push of 10,000 rows"

function result(rest: Partial<WorkResult>): WorkResult {
  const sides = { tidemark: failed, turso: failed }
  return { name: echo, durability: 'full', target: { timesFaster: null }, sides, verdict: null, ...rest }
}

describe('the floors of the quick comparison', () => {
  test('each of its works has one, and nothing else has', () => {
    const quick = works.filter(({ isQuick }) => isQuick).map(({ name }) => name)
    expect(Object.keys(floors).toSorted()).toEqual(quick.toSorted())
  })

  test('each quantity below its floor is named', () => {
    const verdict = { timesFaster: 9, timesFasterAtBest: 0.01, timesFewerBytes: 2, bytes: 1, isReached: true }
    expect(shortfallsOf(result({ verdict }))).toEqual([
      expect.stringContaining('0.01 times faster'),
      expect.stringContaining('2.00 times fewer bytes'),
    ])
    expect(
      shortfallsOf(result({ verdict: { ...verdict, timesFasterAtBest: 1, timesFewerBytes: 99 } })),
    ).toEqual([])
  })

  test("Tidemark's failure is a shortfall", () => {
    expect(shortfallsOf(result({}))).toEqual(['Tidemark failed: it crashed'])
  })
})
