import { initProtocol, PAGE_SIZE } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pull, requestPull } from './pull-client.ts'
import type { Pulled } from './pull-client.ts'
import { run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const ROW = 'SELECT id, length(body) FROM item WHERE id = 900'

let server: RunningServer
const directory = mkdtempSync(join(tmpdir(), 'tidemark-pull-query-'))

beforeAll(async () => {
  await initProtocol()
  server = await startServer({ statementTimeoutMs: 1000 })
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

async function filled(name: string): Promise<string> {
  const database = await server.create(name)
  await run(
    database,
    'CREATE TABLE item (id INTEGER PRIMARY KEY, body TEXT)',
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO item SELECT i, hex(zeroblob(500)) FROM n',
  )
  return database
}

/** Runs a query on a file with the pulled pages, zeros elsewhere. */
function query(pulled: Pulled, sql: string): unknown[] {
  const bytes = Buffer.alloc(pulled.sizeInPages * PAGE_SIZE)
  for (const [page, image] of pulled.pages) bytes.set(image, (page - 1) * PAGE_SIZE)
  const path = join(directory, 'sparse.db')
  writeFileSync(path, bytes)
  const db = new Sqlite(path)
  try {
    return db.prepare(sql).raw(true).all()
  } finally {
    db.close()
  }
}

describe('a pull of the pages that a query reads', () => {
  test.each(['turso', 'tidemark'] as const)(
    '%s: brings those, and a header with the whole size',
    async (dialect) => {
      const database = await filled(`some-${dialect}`)
      const pulled = await pull(database, dialect, { serverQuery: ROW })
      expect(query(pulled, ROW)).toEqual([[900, 1000]])
      expect(pulled.pages.size).toBeLessThan(6)
      expect(pulled.sizeInPages).toBeGreaterThan(200)
      if (dialect === 'turso') expect(pulled.contentLength).toBe(pulled.bytes)
    },
  )

  test('reads the revision that is asked for, not the newest', async () => {
    const database = await filled('pinned')
    const { revision } = await pull(database, 'turso', { serverQuery: 'SELECT 1' })
    await run(database, "UPDATE item SET body = 'short'", 'DROP TABLE item')
    const pulled = await pull(database, 'turso', { serverRevision: revision, serverQuery: ROW })
    expect(pulled.revision).toBe(revision)
    expect(query(pulled, ROW)).toEqual([[900, 1000]])
  })

  test('with a revision of the client’s, brings only those of them that changed', async () => {
    const database = await filled('changed')
    const { revision, pages } = await pull(database, 'turso', { serverQuery: ROW })
    await run(database, "UPDATE item SET body = 'short' WHERE id IN (1, 900)")
    const delta = await pull(database, 'turso', { clientRevision: revision, serverQuery: ROW })
    expect(delta.pages.size).toBe(1)
    expect(query({ ...delta, pages: new Map([...pages, ...delta.pages]) }, ROW)).toEqual([[900, 5]])
  })

  test('with a page selector, brings the pages of both', async () => {
    const database = await filled('both')
    const selector = Buffer.from('3a3000000100000000000000100000006400', 'hex')
    const byQuery = await pull(database, 'turso', { serverQuery: ROW })
    const both = await pull(database, 'turso', { serverQuery: ROW, pageSelector: selector })
    expect([...both.pages.keys()]).toEqual([...byQuery.pages.keys(), 101].toSorted((a, b) => a - b))
  })

  test.each([
    ['a write', 'DELETE FROM item', 400, 'must be one SELECT'],
    ['two statements', 'SELECT 1; SELECT 2', 400, 'must be one SELECT'],
    ['no such table', 'SELECT * FROM nope', 400, 'no such table: nope'],
    [
      'without end',
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
      413,
      'longer than 1000 ms',
    ],
  ])('%s: refused with what is wrong (I8)', async (name, sql, status, message) => {
    const database = await filled(`refused-${name.replaceAll(' ', '-')}`)
    const response = await requestPull(database, 'turso', { serverQuery: sql })
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(message)
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1000]])
  })

  test('a query that no clock inside SQLite stops ends its worker; the others go on', async () => {
    const database = await filled('stuck')
    const sql = "SELECT replace(hex(zeroblob(5000000)), hex(zeroblob(2500000)) || '1', 'x')"
    const response = await requestPull(database, 'turso', { serverQuery: sql })
    expect(response.status).toBe(413)
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1000]])
  })
})
