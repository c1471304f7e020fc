import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sqlValue } from '../../test/support/arbitrary-changes.ts'
import { tidemark } from '#messages'
import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { encodeMessage } from '../messages/encode-message.ts'
import type { ConflictRow } from './conflict-row.ts'
import { decodePushResponse, encodePushResponse } from './push-response.ts'
import type { PushResponse } from './push-response.ts'

/** Plain objects, as decoders give them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true })

const row: ConflictRow = {
  changeId: 7,
  table: 'note',
  key: [1n],
  kind: 'update/update',
  remote: { id: 1n, body: 'x' },
}

const conflictRow: fc.Arbitrary<ConflictRow> = record({
  changeId: fc.maxSafeNat(),
  table: fc.string({ unit: 'grapheme' }),
  key: fc.array(sqlValue, { maxLength: 4 }),
  kind: fc.constantFrom('insert/insert', 'update/update', 'update/delete', 'delete/update', 'constraint'),
  remote: fc.option(fc.dictionary(fc.string(), sqlValue, { maxKeys: 5, noNullPrototype: true })),
})
const rows = fc.array(conflictRow, { maxLength: 5 })
const count = fc.maxSafeNat()
const revision = fc.string({ unit: 'grapheme', maxLength: 30 })
const rowid = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const rowids = fc.array(record({ table: fc.constant('log'), local: rowid, remote: rowid }), {
  maxLength: 5,
})

const applied = { revision, lastChangeId: count, overwritten: rows, overwrittenCount: count, rowids }

const response: fc.Arbitrary<PushResponse> = fc.oneof(
  record({ type: fc.constant('ok' as const), ...applied }),
  record({ type: fc.constant('conflict' as const), rows, rowCount: count }),
  record({
    type: fc.constant('rejected' as const),
    changeId: count,
    table: fc.string(),
    key: fc.array(sqlValue),
    sqliteCode: fc.string(),
    message: fc.string({ unit: 'grapheme' }),
  }),
  record({ type: fc.constant('checkpoint-needed' as const), maxWalPages: count }),
  record({ type: fc.constant('busy' as const), retryAfterMs: fc.nat() }),
  fc.constant({ type: 'forked' as const }),
  record({ type: fc.constant('already-applied' as const), ...applied }),
)

describe('a push response', () => {
  it('crosses exactly', () => {
    fc.assert(
      fc.property(response, (sent) => {
        expect(decodePushResponse(encodePushResponse(sent))).toStrictEqual(sent)
      }),
      { numRuns: 500 },
    )
  })

  it('carries the count of conflicts, and not all rows where there are many', () => {
    const many = Array.from({ length: 5000 }, () => row)
    const decoded = decodePushResponse(encodePushResponse({ type: 'conflict', rows: many, rowCount: 5000 }))
    expect(decoded).toEqual({
      type: 'conflict',
      rows: many.slice(0, PROTOCOL_LIMITS.pushResponseRows),
      rowCount: 5000,
    })
  })

  it('leaves out rows that are too large', () => {
    const large = { ...row, remote: { body: new Uint8Array(600_000) } }
    const sent: PushResponse = {
      type: 'ok',
      revision: 'r',
      lastChangeId: 9,
      overwritten: [row, large, large, row],
      overwrittenCount: 4,
      rowids: [],
    }
    expect(decodePushResponse(encodePushResponse(sent))).toEqual({ ...sent, overwritten: [row, large] })
  })

  it('leaves out the key of a rejected change if it is too large', () => {
    const sent = {
      type: 'rejected',
      changeId: 1,
      table: 't',
      key: ['x'.repeat(2_000_000)],
      sqliteCode: 'S',
      message: 'm',
    } as const
    expect(decodePushResponse(encodePushResponse(sent))).toEqual({ ...sent, key: [] })
  })

  it('of nothing, of an unknown result, or of two results is refused', () => {
    const busy = encodeMessage(tidemark.PushResponse, { busy: { retryAfterMs: 1 } })
    for (const body of [Buffer.alloc(0), Buffer.from([0x7a, 0]), Buffer.concat([busy, busy])]) {
      expect(() => decodePushResponse(body)).toThrow(ProtocolError)
    }
  })

  it('with an unknown kind of conflict, or not one value per column, is refused', () => {
    const decode = (one: tidemark.ConflictRow.$Properties) => () =>
      decodePushResponse(encodeMessage(tidemark.PushResponse, { conflict: { rows: [one] } }))
    expect(decode({ kind: 9 as never })).toThrow(ProtocolError)
    expect(decode({ remote: { columns: ['a', 'b'], values: Uint8Array.of(0) } })).toThrow(ProtocolError)
    expect(decode({ remote: { columns: ['a'], values: Uint8Array.of(0, 0) } })).toThrow(ProtocolError)
  })

  it('with more rows than are ever sent is refused before they are decoded (I7)', () => {
    const body = encodeMessage(tidemark.PushResponse, {
      conflict: { rows: Array.from({ length: 1_000_000 }, () => ({})) },
    })
    const before = process.memoryUsage().heapUsed
    expect(() => decodePushResponse(body)).toThrow(ProtocolError)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000)
    const wide = { columns: Array.from({ length: 1_000_000 }, () => ''), values: new Uint8Array(1_000_000) }
    const wideBody = encodeMessage(tidemark.PushResponse, { conflict: { rows: [{ remote: wide }] } })
    expect(() => decodePushResponse(wideBody)).toThrow(LimitError)
  })
})
