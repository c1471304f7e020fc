import { BusyError } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import { LargePulls } from './large-pulls.ts'

const MIB = 1024 * 1024

test('there is room for as many as the memory allows, and again for those that end', () => {
  const pulls = new LargePulls(30 * MIB)
  const first = Array.from({ length: 20 }, () => {
    pulls.requireRoom()
    return pulls.begin()
  })
  expect(() => pulls.requireRoom()).toThrow(BusyError)
  first[0]!.end()
  expect(() => pulls.requireRoom()).not.toThrow()
})

test('a few compress ahead of what is sent, and others once these have ended', () => {
  const pulls = new LargePulls(1024 * MIB)
  const first = Array.from({ length: 8 }, () => pulls.begin())
  expect(first.every(({ chunksAhead }) => chunksAhead > 0)).toBe(true)
  const one = pulls.begin()
  expect(one.chunksAhead).toBe(0)
  one.end()
  expect(pulls.begin().chunksAhead).toBe(0)
  first[0]!.end()
  expect(pulls.begin().chunksAhead).toBeGreaterThan(0)
})
