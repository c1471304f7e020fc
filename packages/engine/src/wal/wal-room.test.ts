import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { WalFile } from './wal-file.ts'
import { makeRoom, ROOM_BYTES } from './wal-room.ts'

let directory: string
let path: string
let db: Database.Database
let wal: WalFile

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-room-'))
  path = join(directory, 'a.db')
  db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('wal_autocheckpoint = 0')
  db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b)')
  for (let i = 0; i < 32; i++) db.pragma(`user_version = ${i}`)
  wal = WalFile.open(`${path}-wal`)
})

afterEach(() => {
  wal.close()
  db.close()
  rmSync(directory, { recursive: true })
})

const sizeOfWal = (): number => statSync(`${path}-wal`).size
const frames = (): number => (db.pragma('wal_checkpoint(NOOP)') as { log: number }[])[0]!.log

/** The rows that SQLite finds in a copy of the files as they are, without the wal-index. */
function rowsAfterCrash(): number {
  const copy = join(directory, 'copy.db')
  copyFileSync(path, copy)
  copyFileSync(`${path}-wal`, `${copy}-wal`)
  const recovered = new Database(copy)
  expect(recovered.pragma('integrity_check', { simple: true })).toBe('ok')
  const count = recovered.prepare<[], number>('SELECT count(*) FROM t').pluck().get()!
  recovered.close()
  rmSync(copy)
  return count
}

it('is made behind the last frame, and commits go over it', async () => {
  const before = sizeOfWal()
  await makeRoom(wal, `${path}-wal`, frames(), 'full')
  expect(sizeOfWal()).toBe(before + ROOM_BYTES)
  expect(rowsAfterCrash()).toBe(0)
  for (let i = 0; i < 20; i++) db.prepare('INSERT INTO t (b) VALUES (randomblob(1000))').run()
  expect(sizeOfWal()).toBe(before + ROOM_BYTES)
  expect(rowsAfterCrash()).toBe(20)
})

it('is made again only when too little is left', async () => {
  await makeRoom(wal, `${path}-wal`, frames(), 'full')
  const made = sizeOfWal()
  await makeRoom(wal, `${path}-wal`, frames(), 'full')
  expect(sizeOfWal()).toBe(made)
  db.prepare('INSERT INTO t (b) VALUES (randomblob(1000))').run()
  await makeRoom(wal, `${path}-wal`, frames(), 'full')
  expect(sizeOfWal()).toBe(made + ROOM_BYTES)
})

it('is not made in a WAL that is empty or nearly so', async () => {
  db.pragma('wal_checkpoint(TRUNCATE)')
  await makeRoom(wal, `${path}-wal`, frames(), 'full')
  expect(sizeOfWal()).toBe(0)
  db.prepare('INSERT INTO t (b) VALUES (1)').run()
  const size = sizeOfWal()
  await makeRoom(wal, `${path}-wal`, frames(), 'full')
  expect(sizeOfWal()).toBe(size)
})

it('goes over no commit that another connection makes in between', async () => {
  const insert = db.prepare('INSERT INTO t (b) VALUES (randomblob(1000))')
  const overtaken = {
    get sizeInBytes() {
      const size = sizeOfWal()
      insert.run()
      return size
    },
  } as WalFile
  await makeRoom(overtaken, `${path}-wal`, frames(), 'full')
  expect(rowsAfterCrash()).toBeGreaterThan(0)
  expect(rowsAfterCrash()).toBe(db.prepare('SELECT count(*) FROM t').pluck().get())
})

it('leaves out a WAL that is gone', async () => {
  await expect(makeRoom(wal, `${path}-gone`, frames(), 'full')).rejects.toThrow('ENOENT')
  expect(existsSync(`${path}-gone`)).toBe(false)
})
