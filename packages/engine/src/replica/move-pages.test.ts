import { PAGE_SIZE } from '@tidemark/protocol'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'

import { movePages } from './move-pages.ts'

/** The pages of a database whose last pages are those of `sql`, and where they begin. */
function databaseWith(sql: string): { pages: Map<number, Uint8Array>; behind: number } {
  const db = new Database(':memory:')
  db.exec('CREATE TABLE base(x)')
  const behind = db.pragma('page_count', { simple: true }) as number
  db.exec(sql)
  const bytes = db.serialize()
  db.close()
  const pages = new Map<number, Uint8Array>()
  for (let page = 1; page * PAGE_SIZE <= bytes.length; page++)
    pages.set(page, bytes.subarray((page - 1) * PAGE_SIZE, page * PAGE_SIZE))
  return { pages, behind }
}

/**
 * A table of two levels with rows in overflow pages, an index of two levels with long keys, and a definition
 * longer than a page.
 */
const TREES = `
  CREATE TABLE wide(id INTEGER PRIMARY KEY, a, b DEFAULT '${'x'.repeat(5000)}');
  CREATE INDEX keys ON wide(b, a);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
  INSERT INTO wide(a, b) SELECT i, hex(zeroblob(i * 100)) FROM n`

it('moves trees of several levels with what overflows from them, so that SQLite finds them sound', () => {
  const { pages, behind } = databaseWith(TREES)
  const by = 20
  const moved = movePages(pages, { behind, by })!
  // Pages in between belong to somebody: another table's.
  const size = pages.size + by
  const file = Buffer.alloc(size * PAGE_SIZE)
  for (const [page, image] of moved) file.set(image, (page - 1) * PAGE_SIZE)
  file.writeUInt32BE(size, 28)
  const db = new Database(file)
  const complaints = db.pragma('integrity_check', { simple: false }) as { integrity_check: string }[]
  const unused = /^\*\*\* in database main \*\*\*$|Page \d+: never used/
  expect(
    complaints.flatMap(({ integrity_check: line }) => line.split('\n')).filter((line) => !unused.test(line)),
  ).toEqual([])
  expect(db.prepare('SELECT count(*), sum(length(b)) FROM wide').raw().get()).toEqual([40, 164_000])
  expect(
    db.prepare('SELECT max(a) FROM wide INDEXED BY keys WHERE b = hex(zeroblob(300))').pluck().get(),
  ).toBe(3)
  db.close()
})

it('leaves the pages that it is given as they are', () => {
  const { pages, behind } = databaseWith(TREES)
  const before = Array.from(pages.values(), (image) => Buffer.from(image))
  movePages(pages, { behind, by: 20 })
  expect([...pages.values()].every((image, index) => before[index]!.equals(image))).toBe(true)
})

it.each<[string, (pages: Map<number, Uint8Array>, behind: number) => number]>([
  ['a page number needs another byte', () => 126],
  [
    'a page is named by nothing',
    (pages) => {
      pages.set(pages.size + 1, new Uint8Array(PAGE_SIZE))
      return 20
    },
  ],
  [
    'a page is missing',
    (pages, behind) => {
      pages.delete(behind + 1)
      return 20
    },
  ],
  [
    'a page is none of a b-tree',
    (pages, behind) => {
      pages.get(behind + 1)!.fill(0)
      return 20
    },
  ],
  [
    'two name the same page',
    (pages) => {
      const twin = pages.get(1)!
      const view = new DataView(twin.buffer, twin.byteOffset, PAGE_SIZE)
      // Two cells of the schema table become one.
      view.setUint16(100 + 8 + 2, view.getUint16(100 + 8 + 4))
      return 20
    },
  ],
  [
    'a cell lies outside of its page',
    (pages, behind) => {
      const image = pages.get(behind + 1)!
      new DataView(image.buffer, image.byteOffset, PAGE_SIZE).setUint16(12, 4095)
      return 20
    },
  ],
  [
    'pages have reserved bytes',
    (pages) => {
      pages.get(1)![20] = 8
      return 20
    },
  ],
])('moves nothing where %s', (_, change) => {
  const { pages, behind } = databaseWith(TREES)
  expect(movePages(pages, { behind, by: change(pages, behind) })).toBeNull()
})
