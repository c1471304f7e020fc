import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { RowChange, TableShape } from '../change.ts'
import { ProtocolError } from '../errors.ts'
import type { PulledPage } from '../pull/page-group.ts'
import { PullDecoder } from '../pull/pull-decoder.ts'
import { PullEncoder } from '../pull/pull-encoder.ts'
import type { SqlValue } from '../value.ts'
import { PAGE_SIZE } from '../wal/wal-format.ts'
import { initProtocol } from '../zstd/zstd.ts'
import { PartIndex } from './find-parts.ts'
import { decodePartRuns, encodePartRuns } from './part-runs.ts'
import { PushedRows } from './pushed-rows.ts'

const ITEM: TableShape = { name: 'item', columns: ['id', 'name', 'size', 'data'], key: [0] }

beforeAll(initProtocol)

function insert(rowid: bigint, values: readonly SqlValue[]): RowChange {
  return {
    kind: 'insert',
    changeId: Number(BigInt.asUintN(40, rowid)),
    table: ITEM,
    rowid,
    key: [],
    columns: values.map((_, column) => column),
    values: [rowid, ...values],
    expectedColumns: [],
    expected: [],
  }
}

/** The pages of a database into which SQLite has inserted these rows. */
function pagesWith(changes: readonly RowChange[]): PulledPage[] {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-'))
  try {
    const db = new BetterSqlite3(join(directory, 'item.db'))
    db.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, size, data BLOB)')
    const statement = db.prepare('INSERT INTO item VALUES (?, ?, ?, ?)')
    db.transaction(() => {
      for (const { values } of changes) statement.run(...values)
    })()
    db.close()
    const file = readFileSync(join(directory, 'item.db'))
    return Array.from({ length: file.length / PAGE_SIZE }, (_, index) => ({
      pageNumber: index + 1,
      image: new Uint8Array(file.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE)),
      oldImage: null,
    }))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function encode(pages: readonly PulledPage[], pushed: PushedRows | null): Uint8Array {
  const encoder = new PullEncoder('tidemark', pushed)
  const header = encoder.header({ revision: 'epoch.2', sizeInPages: pages.length })
  return Buffer.concat([header, encoder.pages(pages), encoder.end()])
}

function decode(body: Uint8Array, pushed: PushedRows | null): Uint8Array[] {
  const decoder = new PullDecoder({ oldImage: () => null, pushed })
  const events = [...decoder.push(body)]
  decoder.end()
  return events.flatMap((event) => (event.type === 'page' ? [new Uint8Array(event.image)] : []))
}

const someRows = Array.from({ length: 3000 }, (_, index) => {
  const text = `row ${(index * 2_654_435_761) % 4_294_967_296} of ${(index * 40_503) % 65_536}`
  return insert(BigInt(index + 1), [text, BigInt(index) * 1_000_003n, null])
})

describe('the echo of pushed rows', () => {
  it('finds rows of every size and storage class in the pages that SQLite writes', () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.double({ noNaN: true, noInteger: true }),
    )
    const data = fc.oneof(
      fc.uint8Array({ minLength: 0, maxLength: 300 }),
      fc
        .integer({ min: 3900, max: 20_000 })
        .map((length) => new Uint8Array(length).map((_, i) => (i * length) >>> 5)),
    )
    const row = fc.tuple(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 62n }),
      fc.string({ maxLength: 80 }),
      value,
      data,
    )
    const rows = fc.uniqueArray(row, { minLength: 1, maxLength: 30, selector: ([rowid]) => rowid })
    fc.assert(
      fc.property(rows, (inserted) => {
        const changes = inserted.map(([rowid, ...values]) => insert(rowid, values))
        const pages = pagesWith(changes)
        const pushed = PushedRows.from(changes)!
        const index = new PartIndex(pushed)
        const found = pages.flatMap(({ pageNumber, image }) => index.find(pageNumber, image))
        expect(new Set(found.filter(({ part }) => part === 0).map(({ row: number }) => number)).size).toBe(
          changes.length,
        )
        expect(decode(encode(pages, pushed), pushed)).toEqual(pages.map(({ image }) => image))
      }),
      { numRuns: 40 },
    )
  })

  it('costs a small part of what the pages cost', () => {
    const pages = pagesWith(someRows)
    const pushed = PushedRows.from(someRows)!
    expect(encode(pages, pushed).byteLength).toBeLessThan(encode(pages, null).byteLength / 5)
  })

  it('finds the shares of large values in overflow pages', () => {
    const changes = [1, 2, 3].map((id) =>
      insert(BigInt(id), ['blob', null, new Uint8Array(randomBytes(40_000))]),
    )
    const pages = pagesWith(changes)
    const pushed = PushedRows.from(changes)!
    expect(encode(pages, pushed).byteLength).toBeLessThan(encode(pages, null).byteLength / 20)
    expect(decode(encode(pages, pushed), pushed)).toEqual(pages.map(({ image }) => image))
  })

  it('is refused by a client that does not have the rows (I8)', () => {
    const pages = pagesWith(someRows)
    const body = encode(pages, PushedRows.from(someRows))
    expect(() => decode(body, null)).toThrow(ProtocolError)
    expect(() => decode(body, PushedRows.from(someRows.slice(0, 10)))).toThrow(ProtocolError)
    const others = someRows.map((_, index) => insert(BigInt(index + 1), [`another ${index}`, 1n, null]))
    expect(() => decode(body, PushedRows.from(others))).toThrow()
  })

  it('has a digest that tells other rows apart', () => {
    const digest = (rows: readonly RowChange[]): string =>
      Buffer.from(PushedRows.from(rows)!.digest()).toString('hex')
    expect(digest(someRows)).toBe(digest([...someRows]))
    expect(digest(someRows)).not.toBe(digest(someRows.slice(1)))
  })

  it('is given up for more than is worth keeping', () => {
    const large = new Uint8Array(8_000_000)
    const changes = Array.from({ length: 5 }, (_, index) => insert(BigInt(index), ['', null, large]))
    expect(PushedRows.from(changes)).toBeNull()
    expect(PushedRows.from([])).toBeNull()
  })
})

describe('runs of pushed rows', () => {
  it('cross exactly', () => {
    const part = fc.record({ row: fc.nat(500), part: fc.oneof(fc.constant(0), fc.nat(9)) })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 300 }), (parts) => {
        expect(decodePartRuns(encodePartRuns(parts))).toEqual(parts)
      }),
    )
  })

  it('take three bytes for rows in order or in reverse', () => {
    const forward = Array.from({ length: 1000 }, (_, row) => ({ row, part: 0 }))
    expect(encodePartRuns(forward).byteLength).toBeLessThanOrEqual(3)
    expect(encodePartRuns(forward.toReversed()).byteLength).toBeLessThanOrEqual(4)
  })

  it('of absurd length are refused before memory is taken (I8)', () => {
    const bytes = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x40, 0)
    expect(() => decodePartRuns(bytes)).toThrow(ProtocolError)
    expect(() => decodePartRuns(Uint8Array.of(7, 0))).toThrow(ProtocolError)
  })
})
