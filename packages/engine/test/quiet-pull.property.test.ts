import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { initProtocol } from '@tidemark/protocol'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'

import { Replica } from '../src/index.ts'
import { contents } from './captured-database.ts'
import { afterCrash, foreign, keepLocal } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

/** Long definitions, so that the schema table has several pages, one of which capture shares. */
const SCHEMA = Array.from(
  { length: 6 },
  (_, index) =>
    `CREATE TABLE t${index}(id INTEGER PRIMARY KEY, a, b DEFAULT '${'some default of the column '.repeat(30)}');
     INSERT INTO t${index} VALUES (1, 'x', 'y'), (2, hex(randomblob(1500)), 'y')`,
).join(';')

const table = fc.integer({ min: 0, max: 5 }).map((index) => `t${index}`)
const remote = fc.oneof(
  { weight: 4, arbitrary: table.map((name) => `UPDATE ${name} SET a = a || 'r' WHERE id = 1`) },
  {
    weight: 2,
    arbitrary: table.map((name) => `INSERT INTO ${name} VALUES (NULL, hex(randomblob(1200)), 'r')`),
  },
  table.map((name) => `DELETE FROM ${name} WHERE id > 1`),
  table.map((name) => `CREATE INDEX IF NOT EXISTS ${name}_a ON ${name}(a)`),
)
const step = fc.oneof(
  { weight: 8, arbitrary: remote.map((sql) => ({ kind: 'remote' as const, sql })) },
  {
    weight: 2,
    arbitrary: table.map((name) => ({ kind: 'local' as const, sql: `UPDATE ${name} SET b = 'l'` })),
  },
  table.map((name) => ({ kind: 'foreign' as const, sql: `INSERT INTO ${name}(a) VALUES ('f')` })),
  fc
    .constantFrom('PRAGMA wal_checkpoint(PASSIVE)', 'PRAGMA wal_checkpoint(TRUNCATE)')
    .map((sql) => ({ kind: 'foreign' as const, sql })),
  fc
    .constantFrom('checkpoint' as const, 'reopen' as const, 'crash' as const)
    .map((kind) => ({ kind, sql: '' })),
)

beforeAll(initProtocol)

function fetchBase(replica: Replica, origin: Origin): void {
  const rebuild = replica.rebuildBase()
  const pages = origin.pages(origin.head)
  for (const [index, image] of pages.entries()) rebuild.addPage(index + 1, image)
  rebuild.finish({ revision: origin.head, sizeInPages: pages.length })
  replica.applyPull(keepLocal)
}

test('I1, I4: whatever happens between pulls, the base is the server’s and the rows are its, with the local changes', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 4, maxLength: 16 }),
      fc.constantFrom('full' as const, 'normal' as const),
      (steps, durability) => {
        const directory = mkdtempSync(join(tmpdir(), 'tidemark-quiet-property-'))
        const origin = new Origin(join(directory, 'origin.db'))
        let path = join(directory, 'c.db')
        origin.exec(SCHEMA)
        origin.bootstrap(path)
        let replica = Replica.open(path, { durability })
        try {
          for (const { kind, sql } of steps) {
            if (kind === 'remote') origin.exec(sql)
            else if (kind === 'local') replica.connection.exec(sql)
            else if (kind === 'foreign') foreign(path, sql)
            else if (kind === 'checkpoint') replica.checkpoint()
            else {
              const crashed = kind === 'crash' ? afterCrash(path) : path
              replica.close()
              path = crashed
              replica = Replica.open(path, { durability })
              // Another program has moved pages into the main file.
              if (replica.needsRebase) fetchBase(replica, origin)
            }
            expect(baseDifferences(replica, origin)).toEqual([])
            if (kind === 'remote') origin.pull(replica)
            expect(baseDifferences(replica, origin)).toEqual([])
            expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
          }
          origin.push(replica)
          origin.exec("UPDATE t0 SET a = 'last'")
          origin.pull(replica)
          expect(replica.pendingCount()).toBe(0)
          expect(contents(replica.connection)).toEqual(contents(origin.db))
        } finally {
          replica.close()
          origin.close()
          rmSync(directory, { recursive: true })
        }
      },
    ),
    { numRuns: Number(process.env['TIDEMARK_RUNS'] ?? '6') },
  )
}, 240_000)
