import fc from 'fast-check'
import type { Change, RowChange, TableShape } from '../../src/change.ts'
import { RawText, ValueDigest } from '../../src/value.ts'
import type { ImageValue, SqlValue } from '../../src/value.ts'

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -200n, max: 200n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, -(2n ** 53n), 2n ** 49n, 2n ** 31n),
)
const wellFormed = fc.string({ unit: 'binary', maxLength: 60 })
const malformedUtf8 = fc
  .uint8Array({ maxLength: 20 })
  .map((bytes) => new RawText(Uint8Array.of(0xff, ...bytes)))

/** Every storage class, with the edges of each. */
export const sqlValue: fc.Arbitrary<SqlValue> = fc.oneof(
  fc.constant(null),
  int64,
  fc.double({ noNaN: true }),
  wellFormed,
  fc.uint8Array({ maxLength: 60 }),
  malformedUtf8,
)

const digest = fc
  .tuple(fc.constantFrom('text' as const, 'blob' as const), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([type, bytes]) => new ValueDigest(type, bytes))
const imageValue: fc.Arbitrary<ImageValue> = fc.oneof(sqlValue, digest)

const tableShape: fc.Arbitrary<TableShape> = fc
  .tuple(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
    fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 6 }), { minLength: 1, maxLength: 6 }),
  )
  .chain(([name, columns]) =>
    fc
      .shuffledSubarray([...columns.keys()], { minLength: 0, maxLength: Math.min(columns.length, 2) })
      .map((key) => ({ name, columns, key })),
  )

function valuesOf<T>(value: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> {
  return fc.array(value, { minLength: length, maxLength: length })
}

function positionsOf(table: TableShape, minLength: number): fc.Arbitrary<number[]> {
  return fc.subarray([...table.columns.keys()], { minLength })
}

function rowChange(table: TableShape): fc.Arbitrary<RowChange> {
  const rowid = fc.option(int64)
  const kind = fc.constantFrom('insert' as const, 'update' as const, 'delete' as const)
  const positions = fc.tuple(positionsOf(table, 1), positionsOf(table, 0))
  return fc.tuple(kind, positions, rowid).chain(([chosen, [some, others], id]) => {
    const all = [...table.columns.keys()]
    const columns = chosen === 'insert' ? all : chosen === 'update' ? some : []
    const expectedColumns = chosen === 'insert' ? [] : chosen === 'delete' && others.length > 1 ? all : others
    return fc
      .tuple(
        valuesOf(sqlValue, chosen === 'insert' ? 0 : table.key.length),
        valuesOf(sqlValue, columns.length),
        valuesOf(imageValue, expectedColumns.length),
      )
      .map(([key, values, expected]) => ({
        kind: chosen,
        changeId: 0,
        table,
        rowid: id,
        key,
        columns,
        values,
        expectedColumns,
        expected,
      }))
  })
}

const schemaChange: fc.Arbitrary<Change> = wellFormed.map((sql) => ({ kind: 'schema', changeId: 0, sql }))

/** Changes of a few tables, with increasing ids from 1; runs of the same kind are likely. */
export const changes: fc.Arbitrary<Change[]> = fc
  .uniqueArray(tableShape, { minLength: 1, maxLength: 3, selector: (table) => table.name })
  .chain((tables) => {
    const change = fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom(...tables).chain(rowChange) },
      { weight: 1, arbitrary: schemaChange },
    )
    const repeated = fc
      .tuple(change, fc.integer({ min: 1, max: 4 }))
      .map(([one, count]) => Array.from({ length: count }, () => one))
    return fc.tuple(
      fc.array(repeated, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 48, maxLength: 48 }),
    )
  })
  .map(([groups, gaps]) => {
    let changeId = 0
    return groups.flat().map((change, i) => {
      changeId += gaps[i]!
      return { ...change, changeId }
    })
  })
