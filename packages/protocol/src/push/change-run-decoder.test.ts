import { beforeAll, describe, expect, it } from 'vitest'
import { tidemark } from '#messages'
import { decodePush, pushHeaderFor } from '../../test/support/streams.ts'
import type { RowChange, TableShape } from '../change.ts'
import { ByteWriter } from '../columns/byte-writer.ts'
import { LimitError, ProtocolError } from '../errors.ts'
import { Seal } from '../framing/seal.ts'
import { encodeDelimitedMessage, encodeMessage } from '../messages/encode-message.ts'
import { toWireInteger } from '../messages/wire-integer.ts'
import { compress, initProtocol } from '../zstd/zstd.ts'
import { decodeChangeRun } from './change-run-decoder.ts'
import { encodeChangeRun } from './change-run-encoder.ts'
import { PushEncoder } from './push-encoder.ts'

const NOTE: TableShape = { name: 'note', columns: ['id', 'body'], key: [0] }
const LOG: TableShape = { name: 'log', columns: ['at', 'what'], key: [] }

type Run = tidemark.ChangeRun.$Properties

function decode(run: Run): RowChange[] {
  return decodeChangeRun(encodeMessage(tidemark.ChangeRun, run), [NOTE, LOG], 0) as RowChange[]
}

/** Two inserts (10, 'a') and (13, NULL) with the ids 1 and 3. */
const INSERTS: Run = {
  kind: tidemark.ChangeKind.INSERT,
  count: 2,
  changeIds: Uint8Array.of(1, 2),
  rowidColumn: tidemark.RowidColumn.ROWID_IS_KEY,
  cells: Uint8Array.of(1, 20, 1, 6, 3, 1, 0x61, 0),
}

/** One update of `body` from 'a' to 'b' where id = 10. */
const UPDATE: Run = {
  kind: tidemark.ChangeKind.UPDATE,
  count: 1,
  changeIds: Uint8Array.of(1),
  rowidColumn: tidemark.RowidColumn.ROWID_STORED,
  rowids: Uint8Array.of(20),
  columns: Uint8Array.of(1),
  expectedColumns: Uint8Array.of(1),
  cells: Uint8Array.of(1, 20, 3, 1, 0x62, 3, 1, 0x61),
}

describe('a run of changes', () => {
  it('is read as tidemark.proto describes it', () => {
    expect(decode(INSERTS)).toEqual([
      expect.objectContaining({
        kind: 'insert',
        changeId: 1,
        rowid: 10n,
        columns: [0, 1],
        values: [10n, 'a'],
        key: [],
      }),
      expect.objectContaining({
        kind: 'insert',
        changeId: 3,
        rowid: 13n,
        columns: [0, 1],
        values: [13n, null],
      }),
    ])
    expect(decode(UPDATE)).toEqual([
      {
        kind: 'update',
        changeId: 1,
        table: NOTE,
        rowid: 10n,
        key: [10n],
        columns: [1],
        values: ['b'],
        expectedColumns: [1],
        expected: ['a'],
      },
    ])
  })

  it('is written as docs/wire-format.md shows it', () => {
    const writer = new ByteWriter()
    const message = encodeChangeRun(decode(INSERTS), 0, 0, writer)
    const cells = writer.bytes()
    const bytes = encodeMessage(tidemark.ChangeRun, { ...message, cells })
    expect(Buffer.from(bytes).toString('hex')).toBe('180222020102280152080114010603016100')
  })

  it.each<[string, Run]>([
    ['no changes', { ...INSERTS, count: 0, changeIds: null }],
    ['fewer change ids than changes', { ...INSERTS, count: 3 }],
    ['more change ids than changes', { ...INSERTS, count: 1 }],
    ['a change id twice', { ...INSERTS, changeIds: Uint8Array.of(1, 0) }],
    ['a change id above 2^53', { ...INSERTS, changeIds: Buffer.from(`${'ff'.repeat(7)}0f01`, 'hex') }],
    ['a table that was not described', { ...INSERTS, table: 2 }],
    ['a rowid in a key that is not an integer', { ...INSERTS, cells: Uint8Array.of(0, 0, 0, 0) }],
    ['a rowid in the key of a table without one', { ...INSERTS, table: 1 }],
    ['too few values', { ...INSERTS, cells: Uint8Array.of(1, 20, 1, 6, 0) }],
    ['too many values', { ...INSERTS, cells: Uint8Array.of(1, 20, 1, 6, 3, 1, 0x61, 0, 0) }],
    ['a column that the table does not have', { ...UPDATE, columns: Uint8Array.of(2) }],
    ['a column twice', { ...UPDATE, columns: Uint8Array.of(1, 1), cells: Buffer.from([1, 20, 0, 0, 0]) }],
    ['an unfinished column position', { ...UPDATE, columns: Uint8Array.of(0x80) }],
    [
      'a digest as new value',
      { ...UPDATE, cells: Buffer.concat([Buffer.from([1, 20, 7]), Buffer.alloc(16), Buffer.from([0])]) },
    ],
    [
      'a digest as key',
      { ...UPDATE, cells: Buffer.concat([Buffer.from([7]), Buffer.alloc(16), Buffer.from([0, 0])]) },
    ],
    ['no rowids', { ...UPDATE, rowids: null }],
    ['too many rowids', { ...UPDATE, rowids: Uint8Array.of(20, 20) }],
    ['an unknown kind', { ...UPDATE, kind: 9 as never }],
    ['an unknown rowid column', { ...UPDATE, rowidColumn: 9 as never }],
    [
      'a statement that is not a text',
      { kind: tidemark.ChangeKind.SCHEMA, count: 1, changeIds: Uint8Array.of(1), cells: Uint8Array.of(0) },
    ],
  ])('with %s is refused (I8)', (_, run) => {
    expect(() => decode(run)).toThrow(ProtocolError)
  })

  it.each<[string, Run]>([
    ['more changes than bytes', { ...INSERTS, count: 0xffff_ffff }],
    [
      'more changes than a run may hold',
      { ...INSERTS, count: 70_000, changeIds: new Uint8Array(70_000).fill(1) },
    ],
    [
      'more values than a run may hold',
      {
        ...INSERTS,
        count: 60_000,
        changeIds: new Uint8Array(60_000).fill(1),
        cells: new Uint8Array(120_000),
      },
    ],
    ['a value longer than its bytes', { ...UPDATE, cells: Buffer.from([1, 20, 4, 255, 255, 255, 127, 0]) }],
    ['more column positions than columns', { ...UPDATE, columns: new Uint8Array(1_000_000) }],
  ])('with %s is refused before memory is taken (I7)', (_, run) => {
    const bytes = encodeMessage(tidemark.ChangeRun, run)
    const before = process.memoryUsage()
    const outcome = (() => {
      try {
        return decodeChangeRun(bytes, [NOTE, LOG], 0)
      } catch (error) {
        return error
      }
    })()
    const after = process.memoryUsage()
    expect(outcome instanceof ProtocolError || outcome instanceof LimitError).toBe(true)
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(
      5_000_000,
    )
  })
})

describe('a block', () => {
  beforeAll(async () => initProtocol())

  const header = new PushEncoder().header(pushHeaderFor([]))
  const decodeBlock = (block: tidemark.PushBlock.$Properties) => () =>
    decodePush(Buffer.concat([header, encodeDelimitedMessage(tidemark.PushMessage, { block })]))
  const sealed = (raw: Uint8Array): tidemark.PushBlock.$Properties => ({
    codec: tidemark.BlockCodec.BLOCK_ZSTD,
    rawSize: toWireInteger(raw.byteLength),
    checksum: new Seal().add(raw).bytes(),
    payload: compress(raw),
  })
  const table = (shape: tidemark.TableShape.$Properties): Uint8Array => {
    const bytes = encodeMessage(tidemark.TableShape, shape)
    return Buffer.concat([Buffer.from([0x0a, bytes.byteLength]), bytes])
  }

  it.each<[string, () => tidemark.PushBlock.$Properties]>([
    [
      'another size than it announces',
      () => ({ ...sealed(table(NOTE as never)), rawSize: toWireInteger(7) }),
    ],
    ['another checksum', () => ({ ...sealed(table(NOTE as never)), checksum: new Uint8Array(8) })],
    ['an unknown codec', () => ({ ...sealed(new Uint8Array(0)), codec: 5 as never })],
    ['an unknown field', () => sealed(Uint8Array.of(0x7a, 0))],
    ['a table without columns', () => sealed(table({ name: 't' }))],
    ['a table with a column twice', () => sealed(table({ name: 't', columns: ['a', 'a'] }))],
    ['a table whose key is not a column', () => sealed(table({ name: 't', columns: ['a'], key: [1] }))],
    ['a table with a key column twice', () => sealed(table({ name: 't', columns: ['a', 'b'], key: [1, 1] }))],
  ])('with %s is refused (I8)', (_, block) => {
    const decoding = decodeBlock(block())
    expect(decoding).toThrow(
      expect.toSatisfy((error) => error instanceof ProtocolError || error instanceof LimitError),
    )
    expect(decoding).not.toThrow('without its end message')
  })

  it('of 60 MB of nothing, compressed to a few kilobytes, is refused at its first byte', () => {
    const bomb = sealed(Buffer.concat([Uint8Array.of(0x7a, 0), new Uint8Array(60_000_000)]))
    expect(bomb.payload!.byteLength).toBeLessThan(10_000)
    expect(decodeBlock(bomb)).toThrow(ProtocolError)
  })

  it('that describes more tables than a push may have is refused', () => {
    const tables = Array.from({ length: 10_001 }, (_, i) => table({ name: `t${i}`, columns: ['a'] }))
    expect(decodeBlock(sealed(Buffer.concat(tables)))).toThrow(LimitError)
  })
})
