import { BusyError } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import { LargePulls } from './large-pulls.ts'

const MIB = 1024 * 1024

test('there is room for as many as the memory allows, and again for those that end', () => {
  const pulls = new LargePulls(30 * MIB)
  const first = Array.from({ length: 20 }, () => pulls.begin(0))
  expect(() => pulls.begin(0)).toThrow(BusyError)
  first[0]!.end()
  expect(() => pulls.begin(0)).not.toThrow()
})

test('what a pull keeps besides its chunks counts; one that is alone is let in however much that is', () => {
  const pulls = new LargePulls(30 * MIB)
  const first = pulls.begin(20 * MIB)
  expect(() => pulls.begin(10 * MIB)).toThrow(BusyError)
  pulls.begin(5 * MIB).end()
  first.end()
  pulls.begin(100 * MIB).end()
})

test('a few compress ahead of what is sent, and others once these have ended', () => {
  const pulls = new LargePulls(1024 * MIB)
  const first = Array.from({ length: 8 }, () => pulls.begin(0))
  expect(first.every((pull) => pull.chunksAhead() > 0)).toBe(true)
  const one = pulls.begin(0)
  expect(one.chunksAhead()).toBe(0)
  one.end()
  expect(pulls.begin(0).chunksAhead()).toBe(0)
  first[0]!.end()
  expect(pulls.begin(0).chunksAhead()).toBeGreaterThan(0)
})
