import Database from 'better-sqlite3'
import { RawText } from '@tidemark/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { realExpression } from './real-expression.ts'
import { StatementBuilder } from './sql-value.ts'

const db = new Database(':memory:')

function evaluate(expression: string): unknown {
  return db.prepare(`SELECT ${expression} AS value, typeof(${expression}) AS type`).get()
}

test('every double is computed exactly in SQL', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) => {
      fc.pre(!Object.is(value, -0))
      expect(evaluate(realExpression(value))).toEqual({ value, type: 'real' })
    }),
    { numRuns: 2000 },
  )
  for (const value of [
    Number.MIN_VALUE,
    Number.MAX_VALUE,
    -2.225_073_858_507_201e-308,
    2 ** 1023,
    2 ** -1074,
  ])
    expect(evaluate(realExpression(value))).toEqual({ value, type: 'real' })
})

test('a float goes as a JSON number only if any parser reads it exactly', () => {
  const isParameter = (value: number): boolean => new StatementBuilder().bind(value) === '?1'
  for (const value of [0, 1, -1.5, 0.1, 123_456.789, 1e20, 1e-22, 999_999_999_999_999])
    expect([value, isParameter(value)]).toEqual([value, value !== 1e20])
  for (const value of [-0, 1 / 3, 0.1 + 0.2, 1e23, 5e-324, Number.POSITIVE_INFINITY, 2 ** 53 + 2])
    expect([value, isParameter(value)]).toEqual([value, false])
})

test('parameters are numbered; NULL is SQL; text that is not UTF-8 cannot be said', () => {
  const builder = new StatementBuilder()
  expect([null, 1n, 'x', new Uint8Array([1])].map((value) => builder.bind(value))).toEqual([
    'NULL',
    '?1',
    '?2',
    '?3',
  ])
  expect(builder.args).toEqual([
    { type: 'integer', value: '1' },
    { type: 'text', value: 'x' },
    { type: 'blob', base64: 'AQ==' },
  ])
  expect(() => builder.bind(new RawText(new Uint8Array([0xff])))).toThrow('not UTF-8')
})
