import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { CapturedRow } from './captured-change.ts'
import { tableDifference } from './table-difference.ts'
import type { TableInTwoFiles } from './table-difference.ts'
import { findTable } from './user-table.ts'

/** The changes as kind, before and after. */
function difference(
  before: string,
  after: string,
  options: { readonly target?: string } & Pick<TableInTwoFiles, 'migrated' | 'onLost'> = {},
): unknown[] {
  const [old, now, here] = [new Database(':memory:'), new Database(':memory:'), new Database(':memory:')]
  old.exec(before)
  now.exec(after)
  const { target, ...others } = options
  if (target !== undefined) here.exec(target)
  const table = target === undefined ? null : findTable(here, 't')
  return [...tableDifference({ name: 't', before: old, after: now, target: table, ...others })].map(
    (change) => [change.kind, change.before, change.after],
  )
}

test('rows that are gone, rows that differ, rows that are new', () => {
  const rows = difference(
    `CREATE TABLE t (k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3)`,
    `CREATE TABLE t (k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('c', 3), ('b', 2.0), ('d', 4)`,
  )
  expect(rows).toEqual([
    ['delete', ['a', 1n], null],
    ['update', ['b', 2n], ['b', 2]],
    ['insert', null, ['d', 4n]],
  ])
})

test('a row is known by its key, though its rowid was given again; by its rowid where the key has a NULL', () => {
  const rows = difference(
    `CREATE TABLE t (k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), (NULL, 2), (NULL, 3), ('d', 4)`,
    `CREATE TABLE t (k TEXT PRIMARY KEY, v);
     INSERT INTO t(rowid, k, v) VALUES (4, 'e', 4), (1, 'd', 4), (2, NULL, 5), (3, NULL, 3), (9, 'a', 1)`,
  )
  expect(rows).toEqual([
    ['update', [null, 2n], [null, 5n]],
    ['insert', null, ['e', 4n]],
  ])
})

test('of a table without a key the rows that are new, whatever their rowids, as often as they are', () => {
  const rows = difference(
    `CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (1, 'x'), (2, x'ff'), (NULL, 'gone')`,
    `CREATE TABLE t (a, b, c);
     INSERT INTO t VALUES (2, x'ff', 0), (1, 'x', 0), (1.0, 'x', 0), (1, 'x', 0), (1, 'x', 7), (2, CAST(x'ff' AS TEXT), 0)`,
  )
  expect(rows).toMatchObject([
    ['insert', null, [1, 'x', 0n]],
    ['insert', null, [1n, 'x', 7n]],
    ['insert', null, [2n, { bytes: Buffer.from([0xff]) }, 0n]],
  ])
})

test('in columns that are new a row had the default, or what the migration here has made of it', () => {
  const before = `CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 1, 1)`
  const after = `CREATE TABLE t (c DEFAULT 0, B, id INTEGER PRIMARY KEY, d);
    INSERT INTO t(id, b, c) VALUES (1, 1, 7), (2, 3, 0), (3, 1, 0), (4, 4, 7)`
  const target = 'CREATE TABLE t (ID INTEGER PRIMARY KEY, b, C)'
  expect(difference(before, after, { target })).toEqual([
    ['update', [0n, 1n, 1n], [7n, 1n, 1n]],
    ['update', [0n, 2n, 2n], [0n, 3n, 2n]],
    ['insert', null, [7n, 4n, 4n]],
  ])
  const migrated = ([id]: readonly unknown[]): ReadonlyMap<string, bigint> | null =>
    id === 1n ? new Map([['c', 7n]]) : null
  expect(difference(before, after, { target, migrated })).toEqual([
    ['update', [0n, 2n, 2n], [0n, 3n, 2n]],
    ['insert', null, [7n, 4n, 4n]],
  ])
})

test('values and rows that have no place any more are told', () => {
  const before = `CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)`
  const after = `CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 1, 5), (2, 3, 2), (3, 3, 3)`
  const told = (target: string): [unknown[], unknown[]] => {
    const lost: CapturedRow[] = []
    const changes = difference(before, after, {
      target,
      onLost: (change) => void lost.push(change),
    })
    return [changes, lost.map(({ kind, after: image }) => [kind, image])]
  }
  expect(told('CREATE TABLE t (id INTEGER PRIMARY KEY, a)')).toEqual([
    [
      ['update', [2n, 2n], [2n, 3n]],
      ['insert', null, [3n, 3n]],
    ],
    [
      ['update', [1n, 1n, 5n]],
      ['insert', [3n, 3n, 3n]],
    ],
  ])
  expect(told('CREATE TABLE t (uid TEXT PRIMARY KEY, a, b)')).toEqual([
    [],
    [
      ['update', [1n, 1n, 5n]],
      ['update', [2n, 3n, 2n]],
      ['insert', [3n, 3n, 3n]],
    ],
  ])
})

test('of a table that has another key now the rows that are new by their values', () => {
  const rows = difference(
    `CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a'), (2, 'b')`,
    `CREATE TABLE t (uid TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('x', 'a'), ('y', 'c'), ('z', 'b')`,
  )
  expect(rows).toEqual([['insert', null, ['y', 'c']]])
})

test.for([
  ['no such table', 'CREATE TABLE u (a)'],
  ['another key', 'CREATE TABLE t (a, b PRIMARY KEY)'],
  ['no rowid', 'CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID'],
] as const)('nothing where the two cannot be compared: %s', ([, after]) => {
  const before = 'CREATE TABLE t (a PRIMARY KEY, b); INSERT INTO t VALUES (1, 1)'
  expect(difference(before, after)).toEqual([])
})
