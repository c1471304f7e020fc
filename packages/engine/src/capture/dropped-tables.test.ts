import { describe, expect, test } from 'vitest'
import { droppedTables, isCopyOf } from './dropped-tables.ts'

function dropped(...statements: string[]): ReturnType<typeof droppedTables> {
  return droppedTables(statements.map((sql, index) => ({ changeId: (index + 1) * 10, sql })))
}

const REBUILD = [
  'CREATE TABLE "new_a" (x, y)',
  'DROP TABLE "a"',
  'ALTER TABLE "new_a" RENAME TO "a"',
] as const

function row(name: string, changeId: number): Parameters<typeof isCopyOf>[1] {
  return {
    kind: 'insert',
    changeId,
    timeMs: 0,
    table: { name, columns: ['x'], key: [] },
    rowid: 1n,
    before: null,
    after: [1n],
  }
}

test('a table that was there before counts, whatever it is called when it is dropped', () => {
  expect(dropped('DROP TABLE a')).toMatchObject([{ name: 'a', changeId: 10, heir: null, rebuilds: [] }])
  expect(dropped('ALTER TABLE a RENAME TO b', 'ALTER TABLE B RENAME TO c', 'DROP TABLE [C]')).toMatchObject([
    { name: 'a', changeId: 30, heir: null, rebuilds: [] },
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
    expect(isCopyOf(rebuild, row('NEW_A', 15))).toBe(true)
    expect(isCopyOf(rebuild, row('a', 15))).toBe(false)
    expect(isCopyOf(rebuild, row('new_a', 5))).toBe(false)
    expect(isCopyOf(rebuild, row('new_a', 35))).toBe(false)
    expect(table!.has(row('A', 5))).toBe(true)
    expect(table!.has(row('a', 35))).toBe(false)
    expect(table!.heir).toMatchObject({ name: 'a', createdId: 10 })
    expect(table!.heir!.has(row('a', 35))).toBe(true)
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
    ['a column added afterwards', [...REBUILD, 'ALTER TABLE a ADD COLUMN z'], [[10, 20, 30, 40]]],
    ['a column dropped before', ['ALTER TABLE a DROP COLUMN y', ...REBUILD], [[20, 10, 30, 40]]],
    ['the new one renamed again', [...REBUILD, 'ALTER TABLE a RENAME TO b'], [[10, 20, 30, 40]]],
    [
      'a second one with a column added between',
      [...REBUILD, 'ALTER TABLE a ADD COLUMN z', ...REBUILD],
      [
        [50, 70, 10, 30, 40, 60],
        [10, 30, 40, 60, 20],
      ],
    ],
  ] as const)('has what is altered before and after it: %s', ([, statements, ids]) => {
    const { rebuilds } = dropped(...statements)[0]!
    expect(rebuilds.map(({ statements: its }) => its)).toEqual(ids.map((list) => new Set(list)))
  })

  test.for([
    ['an index within', [REBUILD[0], 'CREATE INDEX i ON new_a(x)', REBUILD[1], REBUILD[2]]],
    ['another table within', [REBUILD[0], 'CREATE TABLE b (x)', REBUILD[1], REBUILD[2]]],
    ['a table in the place of one that was dropped before', ['DROP TABLE a', 'CREATE TABLE a (x)']],
    ['another table dropped within', [REBUILD[0], 'DROP TABLE b', REBUILD[2]]],
    ['the old one renamed', ['ALTER TABLE a RENAME TO b', 'CREATE TABLE a (x)', 'DROP TABLE b']],
  ] as const)('is none that can be taken out of the queue: %s', ([, statements]) => {
    for (const { rebuilds } of dropped(...statements)) expect(rebuilds).toEqual([])
    expect(dropped(...statements)).not.toEqual([])
  })
})

test('a table that the statements create counts where others have it too', () => {
  const statements = ['CREATE TABLE a (x)', ...REBUILD].map((sql, index) => ({
    changeId: (index + 1) * 10,
    sql,
  }))
  expect(droppedTables(statements, (name) => name === 'a')).toMatchObject([
    { name: 'a', heir: { createdId: 20 } },
  ])
  expect(droppedTables(statements, () => false)).toEqual([])
})
