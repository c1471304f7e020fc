import { mkdtempSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { acquireDescriptor, releaseDescriptor } from '../replica/descriptors.ts'
import { appendPageNumbers, readPageNumbers, readWalIndexHeader } from './wal-index.ts'

const HASH_OFFSET = 16_384
const HASH_SLOTS = 8192

let directory: string
let db: Database.Database
let shm: number

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-wal-index-'))
  const path = join(directory, 'a.db')
  db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
  shm = acquireDescriptor(`${path}-shm`)
})

afterEach(() => {
  db.close()
  releaseDescriptor(shm)
  rmSync(directory, { recursive: true })
})

/** The frames that the first block's hash table names, ascending. */
function framesInHash(): number[] {
  const slots = new Uint16Array(HASH_SLOTS)
  readSync(shm, slots, 0, HASH_SLOTS * 2, HASH_OFFSET)
  return [...slots].filter((slot) => slot > 0).toSorted((a, b) => a - b)
}

function framesTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}

it('removes the entries of a writer that died before it published them', () => {
  const { maxFrame } = readWalIndexHeader(shm)
  appendPageNumbers(shm, maxFrame, [7, 8, 9, 10])
  appendPageNumbers(shm, maxFrame, [11, 7])
  expect(framesInHash()).toEqual(framesTo(maxFrame + 2))
  expect([...readPageNumbers(shm, maxFrame + 1, maxFrame + 2)]).toEqual([11, 7])
})

it('removes what is left of an older WAL before its first frame', () => {
  appendPageNumbers(shm, 0, [5])
  expect(framesInHash()).toEqual([1])
})

it('leaves the entries of committed frames, and finds places beside them', () => {
  const { maxFrame } = readWalIndexHeader(shm)
  const pages = [...readPageNumbers(shm, 1, maxFrame)]
  // Those that fall on the same slot.
  appendPageNumbers(shm, maxFrame, [3, 3 + HASH_SLOTS, 3 + 2 * HASH_SLOTS])
  appendPageNumbers(shm, maxFrame + 3, [3])
  expect(framesInHash()).toEqual(framesTo(maxFrame + 4))
  expect([...readPageNumbers(shm, 1, maxFrame)]).toEqual(pages)
})
