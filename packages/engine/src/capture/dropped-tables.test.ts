import { describe, expect, test } from 'vitest'
import { droppedTables, isPartOf } from './dropped-tables.ts'

function dropped(...statements: string[]): ReturnType<typeof droppedTables> {
  return droppedTables(statements.map((sql, index) => ({ changeId: (index + 1) * 10, sql })))
}

const REBUILD = [
  'CREATE TABLE "new_a" (x, y)',
  'DROP TABLE "a"',
  'ALTER TABLE "new_a" RENAME TO "a"',
] as const

test('a table that was there before counts, whatever it is called when it is dropped', () => {
  expect(dropped('DROP TABLE a')).toEqual([{ name: 'a', changeId: 10, rebuilds: [] }])
  expect(dropped('ALTER TABLE a RENAME TO b', 'ALTER TABLE B RENAME TO c', 'DROP TABLE [C]')).toEqual([
    { name: 'a', changeId: 30, rebuilds: [] },
  ])
})

test('one that the statements have made does not count', () => {
  expect(dropped('CREATE TABLE a (x)', 'DROP TABLE a')).toEqual([])
  expect(dropped('DROP INDEX a', 'DROP VIEW a', 'DROP TRIGGER a', 'PRAGMA user_version = 2')).toEqual([])
  expect(dropped('DROP TABLE a', 'CREATE TABLE a (x)', 'DROP TABLE A')).toHaveLength(1)
})

describe('a rebuild', () => {
  test('is the new table, its rows until it is renamed, and the end of the old one', () => {
    const [table] = dropped(...REBUILD)
    const rebuild = table!.rebuilds[0]!
    expect(rebuild).toEqual({ statements: new Set([10, 20, 30]), newName: 'new_a', firstId: 10, lastId: 30 })
    const row = (name: string, changeId: number): Parameters<typeof isPartOf>[1] => ({
      kind: 'insert',
      changeId,
      timeMs: 0,
      table: { name, columns: ['x'], key: [] },
      rowid: 1n,
      before: null,
      after: [1n],
    })
    expect(isPartOf(rebuild, row('NEW_A', 15))).toBe(true)
    expect(isPartOf(rebuild, row('a', 15))).toBe(false)
    expect(isPartOf(rebuild, row('new_a', 5))).toBe(false)
    expect(isPartOf(rebuild, row('new_a', 35))).toBe(false)
    expect(isPartOf(rebuild, { kind: 'schema', changeId: 20, timeMs: 0, sql: REBUILD[1] })).toBe(true)
    expect(
      isPartOf(rebuild, { kind: 'schema', changeId: 40, timeMs: 0, sql: 'PRAGMA user_version = 1' }),
    ).toBe(false)
  })

  test('may follow another one', () => {
    const rebuilds = dropped(
      ...REBUILD,
      'CREATE TABLE c (x)',
      'DROP TABLE a',
      'ALTER TABLE c RENAME TO a',
    )[0]!.rebuilds
    expect(rebuilds.map(({ newName, firstId, lastId }) => [newName, firstId, lastId])).toEqual([
      ['c', 40, 60],
      ['new_a', 10, 30],
    ])
  })

  test('may have indexes made behind it, and settings changed within', () => {
    const rebuild = dropped(
      REBUILD[0],
      'PRAGMA user_version = 2',
      REBUILD[1],
      REBUILD[2],
      'CREATE INDEX i ON a(x)',
    )
    expect(rebuild[0]!.rebuilds).toHaveLength(1)
  })

  test.for([
    ['an index within', [REBUILD[0], 'CREATE INDEX i ON new_a(x)', REBUILD[1], REBUILD[2]]],
    ['another table within', [REBUILD[0], 'CREATE TABLE b (x)', REBUILD[1], REBUILD[2]]],
    ['a column added afterwards', [...REBUILD, 'ALTER TABLE a ADD COLUMN z']],
    ['a column dropped before', ['ALTER TABLE a DROP COLUMN y', ...REBUILD]],
    ['a second one with a column added between', [...REBUILD, 'ALTER TABLE a ADD COLUMN z', ...REBUILD]],
    ['a table in the place of one that was dropped before', ['DROP TABLE a', 'CREATE TABLE a (x)']],
    ['another table dropped within', [REBUILD[0], 'DROP TABLE b', REBUILD[2]]],
    ['the old one renamed', ['ALTER TABLE a RENAME TO b', 'CREATE TABLE a (x)', 'DROP TABLE b']],
  ] as const)('is none that can be taken out of the queue: %s', ([, statements]) => {
    for (const { rebuilds } of dropped(...statements)) expect(rebuilds).toEqual([])
    expect(dropped(...statements)).not.toEqual([])
  })
})
