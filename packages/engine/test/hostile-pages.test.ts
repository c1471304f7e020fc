import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { initProtocol, PAGE_SIZE, ProtocolError } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { keepLocal } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

let directory: string
let origin: Origin
let replica: Replica

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-hostile-'))
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec(
    'CREATE TABLE note (id TEXT PRIMARY KEY, body); CREATE TABLE large (x); INSERT INTO large VALUES (zeroblob(50000))',
  )
  origin.bootstrap(join(directory, 'c.db'))
  replica = Replica.open(join(directory, 'c.db'), { busyTimeoutMs: 0 })
  replica.connection.exec("INSERT INTO note VALUES ('mine', 'x')")
  origin.exec("INSERT INTO note VALUES ('theirs', 'x')")
})

afterEach(() => {
  replica.close()
  origin.close()
  rmSync(directory, { recursive: true })
})

/** Page 1 of the origin with other bytes at `offset`. */
function pageOne(offset: number, bytes: readonly number[]): Uint8Array {
  const image = Uint8Array.from(origin.pages(origin.head)[0]!)
  image.set(bytes, offset)
  return image
}

/** What a hostile server sends: pages by number, and the size that it announces. */
function pullFrom(pages: ReadonlyMap<number, Uint8Array>, sizeInPages: number): void {
  const stage = replica.stagePull()
  try {
    for (const [pageNumber, image] of pages) stage.writePage(pageNumber, image)
    stage.finish({ revision: 'hostile', sizeInPages })
  } catch (error) {
    stage.abort()
    throw error
  }
  replica.applyPull(keepLocal)
}

it.each<[string, () => readonly [ReadonlyMap<number, Uint8Array>, number]]>([
  ['is noise', () => [new Map([[1, new Uint8Array(PAGE_SIZE).fill(0xa5)]]), 20]],
  ['has another page size', () => [new Map([[1, pageOne(16, [2, 0])]]), 20]],
  ['is of a file format to come', () => [new Map([[1, pageOne(18, [3, 3])]]), 20]],
  ['reserves bytes in each page', () => [new Map([[1, pageOne(20, [32])]]), 20]],
  ['begins no schema', () => [new Map([[1, pageOne(100, [0])]]), 20]],
  ['has too many cells', () => [new Map([[1, pageOne(103, [0x7f])]]), 20]],
  ['gives more pages than were announced', () => [new Map([[1, pageOne(28, [0, 0, 9, 0])]]), 17]],
  ['does not come, though the database has shrunk', () => [new Map(), 3]],
])('a first page that %s is refused before anything changes (I8)', (_, make) => {
  const [pages, sizeInPages] = make()
  const { revision } = replica.info
  expect(() => pullFrom(pages, sizeInPages)).toThrow(ProtocolError)
  expect(replica.info.revision).toBe(revision)
  expect(baseDifferences(replica, origin)).toEqual([])
  expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')

  origin.pull(replica)
  const ids = replica.connection.prepare('SELECT id FROM note ORDER BY id').pluck().all()
  expect(ids).toEqual(['mine', 'theirs'])
  expect(replica.pendingCount()).toBe(1)
})
