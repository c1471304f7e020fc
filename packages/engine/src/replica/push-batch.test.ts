import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { writeCommitMarker } from '../capture/commit-marker.ts'
import { installCapture } from '../capture/install.ts'
import { maxChangeId } from '../capture/read-captured.ts'
import { nextBatch } from './push-batch.ts'

let db: Database.Database

beforeEach(() => {
  db = new Database(':memory:')
  db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
  installCapture(db, { firstChangeId: 1 })
})

afterEach(() => {
  db.close()
})

/** Captured rows of one statement each; `time` stands for the clock. */
function statement(time: number, rows: number): void {
  for (let row = 0; row < rows; row++) db.exec('INSERT INTO t DEFAULT VALUES')
  db.prepare('UPDATE tidemark_cdc SET change_time = ? WHERE change_time > 1000000').run(time)
}

function transaction(...times: number[]): void {
  const before = maxChangeId(db)
  for (const time of times) statement(time, 1)
  writeCommitMarker(db, before)
  db.prepare('UPDATE tidemark_cdc SET change_time = ? WHERE change_time > 1000000').run(times.at(-1))
}

/** The operations per batch when everything is pushed with this threshold. */
function batches(maxOperations: number): number[] {
  const sizes: number[] = []
  for (let after = 0; ;) {
    const batch = nextBatch(db, after, maxOperations)
    if (batch === null) return sizes
    const count = 'SELECT count(*) FROM tidemark_cdc WHERE change_id BETWEEN ? AND ? AND change_type <> 2'
    sizes.push(
      db.prepare<[number, number], number>(count).pluck().get(batch.firstChangeId, batch.lastChangeId)!,
    )
    after = batch.lastChangeId
  }
}

it('is everything without a threshold', () => {
  statement(1, 3)
  transaction(2, 3)
  expect(batches(Number.POSITIVE_INFINITY)).toEqual([5])
})

it('is nothing when nothing is pending', () => {
  expect(batches(1)).toEqual([])
  transaction()
  expect(batches(1)).toEqual([])
})

it('I5: never splits the rows of a statement', () => {
  statement(1, 3)
  statement(2, 1)
  statement(3, 2)
  expect(batches(1)).toEqual([3, 1, 2])
  expect(batches(2)).toEqual([3, 3])
})

it('I5: never splits an explicit transaction, though its statements ran at different times', () => {
  statement(1, 1)
  transaction(2, 3, 4)
  statement(5, 1)
  transaction(6, 7)
  expect(batches(1)).toEqual([1, 3, 1, 2])
  expect(batches(3)).toEqual([4, 3])
})
