import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type Database from 'better-sqlite3'
import { initProtocol } from '@tidemark/protocol'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'

import { readCaptured, Replica } from '../src/index.ts'
import { contents } from './captured-database.ts'
import { keepLocal } from './interrupted-pull.ts'
import { Origin } from './origin.ts'

const SCHEMA = `CREATE TABLE keyed(id INTEGER PRIMARY KEY, a, b); CREATE TABLE named(id TEXT PRIMARY KEY, a, b) WITHOUT ROWID; CREATE TABLE bare(id, a, b);
  CREATE TABLE log(line); CREATE TRIGGER keyed_in AFTER INSERT ON keyed BEGIN INSERT INTO log VALUES(new.id); END;
  INSERT INTO keyed VALUES(1, 'x', 'y'), (2, 'x', 'y'); INSERT INTO named VALUES('1', 'x', 'y'); INSERT INTO bare VALUES(1, 'x', 'y'), (2, 'x', 'y')`

const table = fc.constantFrom('keyed', 'named', 'bare')
const id = fc.integer({ min: 1, max: 4 })
const value = fc.constantFrom("'p'", "'q'", 'NULL', '1.5')
const column = fc.constantFrom('a', 'b')
const statement = fc.oneof(
  fc.tuple(table, id, value).map(([t, i, v]) => `INSERT OR IGNORE INTO ${t} VALUES(${i}, ${v}, 'new')`),
  fc.tuple(table, id, column, value).map(([t, i, c, v]) => `UPDATE ${t} SET ${c} = ${v} WHERE id = ${i}`),
  fc.tuple(table, id, id).map(([t, i, to]) => `UPDATE OR IGNORE ${t} SET id = ${to} WHERE id = ${i}`),
  fc.tuple(table, id).map(([t, i]) => `DELETE FROM ${t} WHERE id = ${i}`),
  fc.tuple(table, value).map(([t, v]) => `UPDATE ${t} SET a = ${v}`),
)

beforeAll(initProtocol)

function pendingIds(db: Database.Database): number[] {
  return [...readCaptured(db, 0)].filter(({ kind }) => kind !== 'commit').map(({ changeId }) => changeId)
}

/** Runs `check` on a replica on which the statements are pending. */
function withPending(statements: readonly string[], check: (replica: Replica, origin: Origin) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-discard-'))
  const origin = new Origin(join(directory, 'origin.db'))
  try {
    origin.exec(SCHEMA)
    origin.bootstrap(join(directory, 'c.db'))
    const replica = Replica.open(join(directory, 'c.db'), { durability: 'normal' })
    try {
      for (const sql of statements) replica.connection.exec(sql)
      check(replica, origin)
    } finally {
      replica.close()
    }
  } finally {
    origin.close()
    rmSync(directory, { recursive: true })
  }
}

test("I1: when all pending changes are discarded, the tables are the server's, whatever had been done", () => {
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1, maxLength: 12 }), (statements) => {
      withPending(statements, (replica, origin) => {
        replica.queue.discard(new Set(pendingIds(replica.connection)), keepLocal)
        expect(replica.pendingCount()).toBe(0)
        expect(contents(replica.connection)).toEqual(contents(origin.db))
      })
    }),
    { numRuns: 25 },
  )
})

test('whatever is discarded or set aside, what is left can be pushed, and both sides are the same', () => {
  const chosen = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 })
  fc.assert(
    fc.property(
      fc.array(statement, { minLength: 2, maxLength: 12 }),
      chosen,
      fc.nat(),
      (statements, isChosen, refused) => {
        withPending(statements, (replica, origin) => {
          const ids = pendingIds(replica.connection)
          replica.queue.discard(new Set(ids.filter((_, index) => isChosen[index % 40])), keepLocal)
          const left = pendingIds(replica.connection)
          const changeId = left[refused % Math.max(1, left.length)] ?? 0
          const removed = replica.queue.setAside(
            { changeId, sqliteCode: 'SQLITE_CONSTRAINT', message: 'no' },
            keepLocal,
          )
          expect(removed > 0).toBe(left.length > 0)
          expect(replica.queue.rejectedCount()).toBe(left.length > 0 ? 1 : 0)
          origin.push(replica)
          origin.pull(replica)
          expect(replica.pendingCount()).toBe(0)
          expect(contents(replica.connection)).toEqual(contents(origin.db))
        })
      },
    ),
    { numRuns: 25 },
  )
})
