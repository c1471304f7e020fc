import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LimitError, PAGE_SIZE, ProtocolError } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageSource } from './page-vfs.ts'
import { QueryEngine } from './query-engine.ts'

const TIMEOUT_MS = 5000
const directory = mkdtempSync(join(tmpdir(), 'tidemark-query-'))
let file: Buffer
let engine: QueryEngine

const sourceOf = (bytes: Buffer): PageSource => ({
  sizeInPages: bytes.byteLength / PAGE_SIZE,
  readPage: (page, target) => {
    target.set(bytes.subarray((page - 1) * PAGE_SIZE, page * PAGE_SIZE))
  },
})

const pagesReadBy = (query: string): Uint32Array => engine.pagesReadBy(query, sourceOf(file), TIMEOUT_MS)

/** What the query answers on a file that has these pages and zeros for all others. */
function runOn(pages: Uint32Array | null, query: string): unknown[] {
  const bytes = pages === null ? Buffer.from(file) : Buffer.alloc(file.byteLength)
  for (const page of pages ?? [])
    file.copy(bytes, (page - 1) * PAGE_SIZE, (page - 1) * PAGE_SIZE, page * PAGE_SIZE)
  const path = join(directory, 'sparse.db')
  writeFileSync(path, bytes)
  const db = new Sqlite(path)
  try {
    return db.prepare(query).raw(true).all()
  } finally {
    db.close()
  }
}

beforeAll(async () => {
  engine = await QueryEngine.load()
  const path = join(directory, 'whole.db')
  const db = new Sqlite(path)
  db.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT, city, note);
    CREATE INDEX person_city ON person(city, name);
    CREATE TABLE pair(a, b, c, PRIMARY KEY(a, b)) WITHOUT ROWID;
    CREATE VIEW tall AS SELECT * FROM person WHERE id % 7 = 0;
    CREATE VIRTUAL TABLE word USING fts5(body);
    CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO person SELECT i, 'name ' || i, i * 7919 % 50, hex(zeroblob(CASE WHEN i % 100 = 0 THEN 9000 ELSE 40 END)) FROM n;
    INSERT INTO pair SELECT id % 60, id, name FROM person;
    INSERT INTO word SELECT name || ' lives in ' || city FROM person;
    INSERT INTO box SELECT id, id, id + 1 FROM person;
    ANALYZE`)
  db.close()
  file = readFileSync(path)
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

const id = fc.integer({ min: -5, max: 3100 })
const query = fc.oneof(
  fc.tuple(id, id).map(([a, b]) => `SELECT * FROM person WHERE id BETWEEN ${a} AND ${b} ORDER BY name`),
  id.map((a) => `SELECT name FROM person WHERE city = ${a % 50} ORDER BY name LIMIT 20`),
  id.map((a) => `SELECT length(note), note FROM person WHERE id = ${a - (a % 100)}`),
  id.map((a) => `SELECT p.name, q.c FROM pair q JOIN person p ON p.id = q.b WHERE q.a = ${a % 60}`),
  id.map((a) => `SELECT count(*), max(b) FROM pair WHERE a > ${a % 60}`),
  id.map((a) => `SELECT id FROM tall WHERE id > ${a}`),
  id.map((a) => `SELECT rowid, body FROM word WHERE word MATCH '${Math.abs(a) % 3000} lives'`),
  id.map((a) => `SELECT id FROM box WHERE x0 >= ${a} AND x1 < ${a + 20}`),
  id.map((a) => `VALUES (${a})`),
  fc.constant('SELECT count(*) FROM person'),
  fc.constant('SELECT sql FROM sqlite_schema'),
)

describe('pages that a query reads', () => {
  test('suffice to run it', () => {
    fc.assert(
      fc.property(query, (sql) => {
        const pages = pagesReadBy(sql)
        expect([...pages]).toEqual([...pages].toSorted((a, b) => a - b))
        expect(runOn(pages, sql)).toEqual(runOn(null, sql))
      }),
      { numRuns: 120 },
    )
  })

  test('are few when the query is about few rows, and always hold the schema', () => {
    const pages = pagesReadBy('SELECT name FROM person WHERE id = 1500')
    expect(pages.length).toBeLessThan(8)
    expect(runOn(pages, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'")).toEqual([[1]])
    expect(file.byteLength / PAGE_SIZE).toBeGreaterThan(200)
  })

  test.each([
    ['a write', 'DELETE FROM person'],
    ['a write behind WITH', 'WITH x AS (SELECT 1) DELETE FROM person'],
    ['a schema change', 'CREATE TABLE x(a)'],
    ['a pragma', 'PRAGMA page_count'],
    ['two statements', 'SELECT 1; SELECT 2'],
    ['EXPLAIN', 'EXPLAIN SELECT 1'],
    ['nothing', ' -- no statement'],
    ['ATTACH', "ATTACH 'x' AS x"],
    ['a missing table', 'SELECT * FROM nope'],
    ['a syntax error', 'SELECT FROM WHERE'],
    ['an unknown function', 'SELECT load_extension(1)'],
  ])('%s is refused', (_, sql) => {
    expect(() => pagesReadBy(sql)).toThrow(expect.objectContaining({ code: 'TIDEMARK_QUERY' }) as Error)
    expect(() => pagesReadBy(sql)).toThrow(ProtocolError)
  })

  test.each([
    ['time', 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n', 200],
    [
      'memory',
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) SELECT group_concat(hex(zeroblob(1000000))) FROM n',
      TIMEOUT_MS,
    ],
    ['memory of one value', 'SELECT hex(zeroblob(500000000))', TIMEOUT_MS],
  ])('a query that takes too much %s is ended, and the next one runs', async (_, sql, timeoutMs) => {
    expect(() => engine.pagesReadBy(sql, sourceOf(file), timeoutMs)).toThrow(LimitError)
    engine = await QueryEngine.load()
    expect(pagesReadBy('SELECT count(*) FROM person').length).toBeGreaterThan(10)
  })

  test('an error of the source comes out as it is', () => {
    const damaged = new Error('damaged')
    const source: PageSource = {
      sizeInPages: 10,
      readPage: () => {
        throw damaged
      },
    }
    expect(() => engine.pagesReadBy('SELECT * FROM sqlite_schema', source, TIMEOUT_MS)).toThrow(damaged)
  })

  test('a revision without pages has no tables', () => {
    expect(engine.pagesReadBy('SELECT 1', { sizeInPages: 0, readPage: () => {} }, TIMEOUT_MS)).toHaveLength(0)
  })
})
