import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { RefusedChangeError } from '../apply/refused-change-error.ts'
import { Connections } from './connections.ts'

let directory: string
let other: Database.Database
let connections: Connections

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-connections-'))
  const path = join(directory, 'test.db')
  other = new Database(path)
  other.pragma('journal_mode = WAL')
  other.exec('CREATE TABLE t(x)')
  connections = new Connections(path, { durability: 'full', busyTimeoutMs: 0 })
})

afterEach(() => {
  connections.close()
  other.close()
  rmSync(directory, { recursive: true })
})

/** Changes the schema, in a transaction that SQLite ends by itself, as where the disk is full. */
function fail(run: (db: Database.Database) => void): void {
  const failing = (): void =>
    connections.inWriteTransaction('failing', (db) => {
      run(db)
      db.exec('ROLLBACK')
      throw new Error('full')
    })
  expect(failing).toThrow('full')
}

test('the schema is what the file has, where another program gives it the version that a failed transaction gave it', () => {
  const { work } = connections
  fail((db) => {
    work.withoutTriggers({ keepSchema: false }, () =>
      work.changeSchema(() => void db.exec('CREATE TABLE undone(x)')),
    )
    db.exec('INSERT INTO undone VALUES(1)')
  })
  other.exec('CREATE TABLE here(x)')
  connections.inWriteTransaction('working', (db) => db.exec('INSERT INTO here VALUES(1)'))
  expect(other.prepare('SELECT x FROM here').pluck().all()).toEqual([1])
})

test('tables are as the file has them, where another program gives it the version that a failed transaction gave it', () => {
  const { work } = connections
  const shape = { name: 't', columns: ['x'], key: [] }
  fail((db) => {
    db.exec('CREATE TABLE undone(x)')
    work.tables.refresh(work.schemaVersion())
    work.tables.get(shape)
  })
  other.exec('ALTER TABLE t RENAME COLUMN x TO y')
  connections.inWriteTransaction('working', () => {
    work.tables.refresh(work.schemaVersion())
    expect(() => work.tables.get(shape)).toThrow(RefusedChangeError)
  })
})
