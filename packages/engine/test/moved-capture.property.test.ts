import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { initProtocol } from '@tidemark/protocol'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'

import { Replica } from '../src/index.ts'
import { contents } from './captured-database.ts'
import { afterCrash } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

/**
 * Tables of each kind of identity; long definitions make rows of the schema that have overflow pages, many
 * make a schema table of several levels.
 */
const table = fc.record({
  definition: fc.constantFrom('id INTEGER PRIMARY KEY, a', 'id TEXT PRIMARY KEY, a', 'id, a'),
  defaultLength: fc.constantFrom(0, 300, 3000, 9000),
  isIndexed: fc.boolean(),
})
const schema = fc.array(table, { minLength: 1, maxLength: 30 })
/** Pages by which the base grows, about. */
const growths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 6 })

beforeAll(initProtocol)

function statementsOf(tables: readonly (typeof table extends fc.Arbitrary<infer T> ? T : never)[]): string {
  return tables
    .map(({ definition, defaultLength, isIndexed }, index) => {
      const create = `CREATE TABLE "table ${index}"(${definition}, b DEFAULT '${'d'.repeat(defaultLength)}')`
      return isIndexed ? `${create}; CREATE INDEX "index ${index}" ON "table ${index}"(a, b)` : create
    })
    .join(';')
}

const lastReplay = (replica: Replica): unknown =>
  replica.connection.prepare("SELECT value FROM tidemark_state WHERE key = 'replay_id'").pluck().get()

test('I1, I2, I4: capture goes on where it has been moved behind a base that grows, whatever the schema', () => {
  fc.assert(
    fc.property(schema, growths, fc.boolean(), (tables, pages, isCrashing) => {
      const directory = mkdtempSync(join(tmpdir(), 'tidemark-moved-'))
      let path = join(directory, 'c.db')
      const origin = new Origin(join(directory, 'origin.db'))
      // More than 127 pages: until then a page number may need another byte in its record.
      origin.exec(
        `${statementsOf(tables)}; CREATE TABLE filler(x); INSERT INTO filler VALUES (zeroblob(600000))`,
      )
      origin.bootstrap(path)
      let replica = Replica.open(path)
      try {
        origin.exec('INSERT INTO filler VALUES (1)')
        origin.pull(replica)
        const replays = new Set([lastReplay(replica)])
        for (const count of pages) {
          origin.exec(`INSERT INTO filler VALUES (randomblob(${count * 4000}))`)
          origin.pull(replica)
          replays.add(lastReplay(replica))
          expect(baseDifferences(replica, origin)).toEqual([])
          expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
        }
        // Installed anew where the schema cookie needs another byte, once at most.
        expect(replays.size).toBeLessThanOrEqual(2)
        if (isCrashing) {
          path = afterCrash(path)
          replica.close()
          replica = Replica.open(path)
        }
        for (const index of tables.keys())
          replica.connection.exec(`INSERT INTO "table ${index}"(id) VALUES (${index})`)
        expect(replica.pendingCount()).toBe(tables.length)
        origin.push(replica)
        origin.pull(replica)
        expect(baseDifferences(replica, origin)).toEqual([])
        expect(contents(replica.connection)).toEqual(contents(origin.db))
      } finally {
        replica.close()
        origin.close()
        rmSync(directory, { recursive: true })
      }
    }),
    { numRuns: Number(process.env['TIDEMARK_RUNS'] ?? '8'), endOnFailure: true },
  )
}, 240_000)
