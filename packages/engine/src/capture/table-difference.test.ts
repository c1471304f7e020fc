import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { tableDifference } from './table-difference.ts'

/** The changes as kind, before and after. */
function difference(before: string, after: string, columns: readonly string[] | null = null): unknown[] {
  const [old, now] = [new Database(':memory:'), new Database(':memory:')]
  old.exec(before)
  now.exec(after)
  return [...tableDifference({ name: 't', before: old, after: now, columns })].map((change) => [
    change.kind,
    change.before,
    change.after,
  ])
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

test('columns that one of them lacks do not count, nor those that nobody asks for', () => {
  const before = `CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)`
  const after = `CREATE TABLE t (c, B, id INTEGER PRIMARY KEY, d);
    INSERT INTO t(id, b, c, d) VALUES (1, 1, 7, 7), (2, 3, 7, 7), (3, 4, 7, 7)`
  expect(difference(before, after, ['ID', 'b', 'C'])).toEqual([
    ['update', [2n, 2n], [3n, 2n]],
    ['insert', null, [7n, 4n, 3n]],
  ])
})

test.for([
  ['no such table', 'CREATE TABLE u (a)'],
  ['another key', 'CREATE TABLE t (a, b PRIMARY KEY)'],
  ['no rowid', 'CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID'],
] as const)('nothing where the two cannot be compared: %s', ([, after]) => {
  const before = 'CREATE TABLE t (a PRIMARY KEY, b); INSERT INTO t VALUES (1, 1)'
  expect(difference(before, after)).toEqual([])
})
