import { expect, test } from 'vitest'
import { StepOutcomes } from './step-outcomes.ts'

const done = { cols: [], rows: [[{ type: 'text', value: 'a]},{"[\\"' }]], affected_row_count: 0 }

function answerOf(results: readonly unknown[], errors: readonly unknown[], spaces = 0): string {
  const result = { step_results: results, step_errors: errors, replication_index: null }
  const response = { type: 'batch', result }
  return JSON.stringify({ baton: null, results: [{ type: 'ok', response }] }, null, spaces)
}

function read(text: string, wanted: number, steps: number, chunkBytes: number): unknown {
  const outcomes = new StepOutcomes(wanted)
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunkBytes) outcomes.push(bytes.subarray(at, at + chunkBytes))
  return outcomes.end(steps)
}

test.for([1, 7, 100_000])('reads outcomes of steps from chunks of %i bytes', (chunkBytes) => {
  const error = { message: 'UNIQUE: "é", [x], {y} \\', code: 'X' }
  for (const spaces of [0, 2]) {
    const text = answerOf([done, null, done], [null, error, null], spaces)
    expect(read(text, 2, 3, chunkBytes)).toEqual({ isDone: true, errors: new Map([[1, error]]) })
    expect(read(text, 1, 3, chunkBytes)).toEqual({ isDone: false, errors: new Map([[1, error]]) })
  }
})

test('refuses an answer that is none (I8)', () => {
  const malformed = expect.objectContaining({ code: 'TIDEMARK_PROTOCOL' }) as Error
  const whole = answerOf([done, null], [null, null])
  expect(() => read(whole, 0, 3, 100)).toThrow(malformed)
  expect(() => read(whole.slice(0, -3), 0, 2, 100)).toThrow(malformed)
  expect(() => read('<html>', 0, 2, 100)).toThrow(malformed)
  expect(() => read('{"results":[]}', 0, 2, 100)).toThrow(malformed)
  const failed = JSON.stringify({ results: [{ type: 'error', error: { message: 'no such stream' } }] })
  expect(() => read(failed, 0, 2, 100)).toThrow('no such stream')
  expect(() => read(`{"baton":"${'x'.repeat(100_000)}"`, 0, 2, 5000)).toThrow(
    expect.objectContaining({ code: 'TIDEMARK_LIMIT' }) as Error,
  )
})
