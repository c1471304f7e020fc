import { BusyError } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import { ResponseBudget } from './response-budget.ts'
import { SqlMemory } from './sql-memory.ts'

const row = (length: number) => [{ type: 'text', value: 'x'.repeat(length) }] as const

test('a database does not get more than its share, which leaves the rest to others', () => {
  const memory = new SqlMemory('answers', 100)
  const mine = memory.shareOf('mine', 60)
  mine.take(60)
  expect(() => mine.take(1)).toThrow(BusyError)
  expect(() => memory.shareOf('mine', 60).take(1)).toThrow(BusyError)
  const theirs = memory.shareOf('theirs', 60)
  theirs.take(40)
  expect(() => theirs.take(1)).toThrow(BusyError)
  mine.release(60)
  theirs.take(20)
  mine.take(40)
  mine.release(30)
  mine.take(30)
})

test('a short answer is given where others have taken everything, and what it had is not given back', () => {
  const memory = new SqlMemory('answers', 100_000)
  const large = new ResponseBudget(1_000_000, memory)
  large.spendRow(row(116_000))
  const short = new ResponseBudget(1_000_000, memory)
  short.spendRow(row(10_000))
  expect(() => short.spendRow(row(10_000))).toThrow(BusyError)
  short.close()
  large.close()
  memory.take(100_000)
  expect(() => memory.take(1)).toThrow(BusyError)
})
