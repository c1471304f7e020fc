import type { Change, RowChange, SqlValue, TableShape } from '@tidemark/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contents, receiver } from '../../test/captured-database.ts'
import type { ApplyConnection } from './apply-connection.ts'
import { applyPush } from './apply-push.ts'
import { insertGroups } from './insert-groups.ts'
import type { PushOutcome } from './push-outcome.ts'

const SCHEMA = `
  CREATE TABLE a(id INTEGER PRIMARY KEY, x UNIQUE, y CHECK (y <> 13));
  CREATE TABLE b(id TEXT PRIMARY KEY, x, y) WITHOUT ROWID;
  CREATE TABLE c(id INTEGER PRIMARY KEY ON CONFLICT REPLACE, x NOT NULL, y);
  CREATE VIRTUAL TABLE d USING fts4(x, y)`

const COLUMNS = [0, 1, 2]
const shapes: readonly TableShape[] = ['a', 'b', 'c'].map((name) => ({
  name,
  columns: ['id', 'x', 'y'],
  key: [0],
}))

function insert(
  changeId: number,
  table: TableShape,
  [id, ...others]: readonly [bigint | null, ...SqlValue[]],
): RowChange {
  const key = table.name === 'b' && id !== null ? id.toString() : id
  const cells = [key, ...others]
  const rest = { key: [], expectedColumns: [], expected: [] }
  return {
    kind: 'insert',
    changeId,
    table,
    rowid: table.name === 'b' ? null : id,
    columns: COLUMNS,
    values: cells,
    ...rest,
  }
}

function apply(
  target: ApplyConnection,
  changes: readonly Change[],
  conflictPolicy: 'detect' | 'last-push-wins',
): PushOutcome {
  const header = {
    clientId: 'c',
    pushId: new Uint8Array(16).fill(1),
    previousPushId: new Uint8Array(),
    baseRevision: 'r',
    walPages: 0,
    firstChangeId: 1,
    lastChangeId: 999,
    conflictPolicy,
    enforceForeignKeys: false,
  }
  return applyPush(target, { header, changes: () => changes })
}

/** Equal changes of which no two belong together. */
function apart(changes: readonly RowChange[]): RowChange[] {
  return changes.map((change) => ({ ...change, columns: [...change.columns] }))
}

test('inserts that are made together come to what they come to one by one', () => {
  const row = fc.record({
    table: fc.integer({ min: 0, max: 2 }),
    runLength: fc.integer({ min: 1, max: 40 }),
    odd: fc.option(fc.constantFrom('taken', 'equal', 'refused', 'unique', 'long'), { freq: 2 }),
    oddAt: fc.integer({ min: 0, max: 39 }),
  })
  const policy = fc.constantFrom('detect' as const, 'last-push-wins' as const)
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), policy, (runs, conflictPolicy) => {
      const before: string[] = []
      const changes: RowChange[] = []
      for (const { table, runLength, odd, oddAt } of runs) {
        for (let index = 0; index < runLength; index += 1) {
          const changeId = changes.length + 1
          const isOdd = odd !== null && index === oddAt % runLength
          const name = shapes[table]!.name
          const key = name === 'b' ? `'${changeId}'` : changeId
          if (isOdd && odd === 'taken')
            before.push(`INSERT INTO ${name} VALUES(${key}, 'other${changeId}', 1)`)
          if (isOdd && odd === 'equal') before.push(`INSERT INTO ${name} VALUES(${key}, 'x${changeId}', 1)`)
          if (isOdd && odd === 'unique')
            before.push(`INSERT INTO ${name} VALUES(-${changeId}, 'x${changeId}', 1)`)
          const isRefused = isOdd && odd === 'refused'
          const x = isRefused && name === 'c' ? null : `x${changeId}`
          const y = isOdd && odd === 'long' ? 'y'.repeat(2000) : isRefused ? 13n : 1n
          changes.push(insert(changeId, shapes[table]!, [BigInt(changeId), x, y]))
        }
      }
      const together = receiver(SCHEMA)
      const one = receiver(SCHEMA)
      for (const { db } of [together, one]) db.exec(before.join(';'))
      const outcome = apply(together, changes, conflictPolicy)
      expect(outcome).toEqual(apply(one, apart(changes), conflictPolicy))
      expect(contents(together.db)).toEqual(contents(one.db))
    }),
    { numRuns: 60 },
  )
})

test('rows of one table with the same columns are inserted together, and nothing else', () => {
  const [a, b] = shapes as [TableShape, TableShape]
  const rows = (table: TableShape, count: number): RowChange[] =>
    Array.from({ length: count }, (_, index) => insert(index + 1, table, [BigInt(index), 'x', null]))
  const sizes = (changes: readonly Change[]): number[] =>
    [...insertGroups(changes)].map((group) => group.length)
  expect(sizes(rows(a, 33))).toEqual([16, 16, 1])
  expect(sizes([...rows(a, 15), ...rows(b, 16)])).toEqual([...Array<number>(15).fill(1), 16])
  expect(sizes(apart(rows(a, 16)))).toEqual(Array<number>(16).fill(1))
  const withoutKey = rows(a, 16).map((row) => ({ ...row, values: [null, 'x', null] }))
  expect(sizes(withoutKey)).toEqual(Array<number>(16).fill(1))
  const change: Change = { kind: 'schema', changeId: 17, sql: 'CREATE TABLE e(x)' }
  expect(sizes([...rows(a, 16), change, ...rows(a, 3)])).toEqual([16, 1, 1, 1, 1])
  expect([...insertGroups([...rows(a, 20), change])].flat()).toEqual([...rows(a, 20), change])
})

test('rows of a virtual table are inserted one by one', () => {
  const target = receiver(SCHEMA)
  const shape: TableShape = { name: 'd', columns: ['x', 'y'], key: [] }
  const tables = target.tables
  tables.refresh(target.schemaVersion())
  const table = tables.get(shape)
  expect(table.insertAll([0, 1], [{ values: ['one', 'two'] }])).toBe(false)
})
