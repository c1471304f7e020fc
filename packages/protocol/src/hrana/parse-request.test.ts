import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LimitError, ProtocolError, TidemarkError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import type { HranaCondition } from './hrana-types.ts'
import { parseCursorRequest, parsePipelineRequest } from './parse-request.ts'

const stmt = {
  sql: 'SELECT ?',
  args: [{ type: 'integer', value: '1' }],
  named_args: [{ name: 'a', value: { type: 'null' } }],
}
const parsedStmt = { ...stmt, sql_id: null, want_rows: true }
const parse = (request: unknown): unknown =>
  parsePipelineRequest({ baton: null, requests: [request] }).requests[0]
const parseStep = (condition: unknown): unknown =>
  parse({ type: 'batch', batch: { steps: [{ stmt }, { stmt, condition }] } })

function nested(depth: number): HranaCondition {
  let cond: HranaCondition = { type: 'is_autocommit' }
  for (let i = 0; i < depth; i += 1) cond = { type: 'not', cond }
  return cond
}

describe('a pipeline request', () => {
  it('is taken in all its forms, with the defaults filled in', () => {
    expect(parse({ type: 'execute', stmt })).toEqual({ type: 'execute', stmt: parsedStmt })
    expect(parse({ type: 'execute', stmt: { sql_id: -3, want_rows: false } })).toEqual({
      type: 'execute',
      stmt: { sql: null, sql_id: -3, args: [], named_args: [], want_rows: false },
    })
    expect(parse({ type: 'sequence', sql: 'BEGIN; COMMIT' })).toEqual({
      type: 'sequence',
      sql: 'BEGIN; COMMIT',
      sql_id: null,
    })
    expect(parse({ type: 'describe', sql_id: 1 })).toEqual({ type: 'describe', sql: null, sql_id: 1 })
    expect(parse({ type: 'store_sql', sql_id: 1, sql: 'X' })).toEqual({
      type: 'store_sql',
      sql_id: 1,
      sql: 'X',
    })
    expect(parse({ type: 'close_sql', sql_id: 1 })).toEqual({ type: 'close_sql', sql_id: 1 })
    expect(parse({ type: 'get_autocommit' })).toEqual({ type: 'get_autocommit' })
    expect(parse({ type: 'close', more: 1 })).toEqual({ type: 'close' })
    expect(parsePipelineRequest({ baton: 'b' })).toEqual({ baton: 'b', requests: [] })
  })

  it('keeps batches with their conditions', () => {
    const condition: HranaCondition = {
      type: 'and',
      conds: [{ type: 'ok', step: 0 }, { type: 'or', conds: [{ type: 'error', step: 0 }] }, nested(3)],
    }
    expect(parseStep(condition)).toEqual({
      type: 'batch',
      batch: {
        steps: [
          { stmt: parsedStmt, condition: null },
          { stmt: parsedStmt, condition },
        ],
      },
    })
    expect(parseCursorRequest({ batch: { steps: [{ stmt }] } })).toEqual({
      baton: null,
      batch: { steps: [{ stmt: parsedStmt, condition: null }] },
    })
  })

  it.each([
    [null],
    ['close'],
    [{}],
    [{ type: 'unknown' }],
    [{ type: 'execute' }],
    [{ type: 'execute', stmt: {} }],
    [{ type: 'execute', stmt: { sql: 'X', sql_id: 1 } }],
    [{ type: 'execute', stmt: { sql: 5 } }],
    [{ type: 'execute', stmt: { sql: 'X', args: {} } }],
    [{ type: 'execute', stmt: { sql: 'X', args: [1] } }],
    [{ type: 'execute', stmt: { sql: 'X', args: [{ type: 'integer', value: 1 }] } }],
    [{ type: 'execute', stmt: { sql: 'X', named_args: [{ value: { type: 'null' } }] } }],
    [{ type: 'execute', stmt: { sql: 'X', want_rows: 1 } }],
    [{ type: 'store_sql', sql_id: 2 ** 31, sql: 'X' }],
    [{ type: 'close_sql', sql_id: 1.5 }],
    [{ type: 'batch', batch: { steps: [{}] } }],
  ])('is refused when it is %j', (request) => {
    expect(() => parse(request)).toThrow(ProtocolError)
  })

  it.each([
    [{ type: 'ok', step: 1 }],
    [{ type: 'ok', step: -1 }],
    [{ type: 'error', step: '0' }],
    [{ type: 'not' }],
    [{ type: 'and', conds: 5 }],
    [{ type: 'maybe' }],
    ['ok'],
  ])('is refused with the condition %j', (condition) => {
    expect(() => parseStep(condition)).toThrow(ProtocolError)
  })

  it('is refused when conditions nest too deep, or anything is too many', () => {
    expect(parseStep(nested(PROTOCOL_LIMITS.hranaConditionDepth))).toBeDefined()
    expect(() => parseStep(nested(PROTOCOL_LIMITS.hranaConditionDepth + 1))).toThrow(LimitError)
    expect(() => parseStep(nested(100_000))).toThrow(LimitError)
    const many = (length: number): unknown[] => Array.from({ length }, () => null)
    expect(() => parsePipelineRequest({ requests: many(PROTOCOL_LIMITS.hranaRequests + 1) })).toThrow(
      LimitError,
    )
    expect(() => parse({ type: 'batch', batch: { steps: many(PROTOCOL_LIMITS.hranaSteps + 1) } })).toThrow(
      LimitError,
    )
    expect(() => parse({ type: 'execute', stmt: { sql: '', args: many(40_000) } })).toThrow(LimitError)
    const half = {
      type: 'batch',
      batch: { steps: Array.from({ length: PROTOCOL_LIMITS.hranaSteps / 2 }, () => ({ stmt: { sql: '' } })) },
    }
    expect(parsePipelineRequest({ requests: [half, half] }).requests).toHaveLength(2)
    expect(() => parsePipelineRequest({ requests: [half, half, half] })).toThrow(LimitError)
    const conds = Array.from({ length: 1000 }, () => ({ type: 'is_autocommit' }))
    const wide = { type: 'and', conds: Array.from({ length: 1001 }, () => ({ type: 'or', conds })) }
    expect(() => parseStep(wide)).toThrow(LimitError)
  })

  it('never fails with anything but a typed error, whatever the JSON', () => {
    const word = fc.constantFrom(
      'execute',
      'batch',
      'sequence',
      'describe',
      'and',
      'ok',
      'integer',
      'blob',
      'x',
    )
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        word,
        fc.integer(),
        fc.constant(null),
        fc.boolean(),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('value'), { maxLength: 3 }),
      object: fc.record(
        {
          type: word,
          stmt: tie('value'),
          batch: tie('value'),
          steps: tie('value'),
          sql: tie('value'),
          args: tie('value'),
          condition: tie('value'),
          requests: tie('value'),
        },
        { requiredKeys: [] },
      ),
    })).value
    fc.assert(
      fc.property(json, (value) => {
        try {
          parse(value)
          parsePipelineRequest(value)
        } catch (error) {
          expect(error).toBeInstanceOf(TidemarkError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
