import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { PAGE_SIZE } from '@tidemark/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { acquireDescriptor, releaseDescriptor } from '../replica/descriptors.ts'
import { isEmptied } from './begin-wal.ts'
import { injectPages } from './inject.ts'
import { verifyFrames } from './verify-frames.ts'
import { WalFile } from './wal-file.ts'
import { readPageNumbers, readWalIndexHeader } from './wal-index.ts'

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-wal-'))
  path = join(directory, 'a.db')
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

function openWal(file: string): Database.Database {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('wal_autocheckpoint = 0')
  return db
}

/** The pages that `db` has, by checkpointing a copy of it. */
function pagesOf(db: Database.Database): Uint8Array[] {
  const bytes = db.serialize()
  return Array.from({ length: bytes.length / PAGE_SIZE }, (_, page) =>
    bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE),
  )
}

describe('reading a WAL that SQLite wrote', () => {
  it('finds the committed frames, their pages and their checksums', () => {
    const db = openWal(path)
    db.exec('CREATE TABLE t (a, b)')
    const insert = db.prepare('INSERT INTO t VALUES (?, randomblob(3000))')
    db.transaction(() => {
      for (let i = 0; i < 6000; i++) insert.run(i)
    })()
    const shm = acquireDescriptor(`${path}-shm`)
    const wal = WalFile.open(`${path}-wal`)
    const index = readWalIndexHeader(shm)
    expect(index.maxFrame).toBeGreaterThan(5000)
    expect(verifyFrames(wal, wal.header()!, index.maxFrame)).toEqual(index.checksum)
    const numbers = [...readPageNumbers(shm, 1, index.maxFrame)]
    const frames = [...wal.readFrames(1, index.maxFrame)]
    expect(numbers).toEqual(frames.map((frame) => frame.pageNumber))
    expect([...readPageNumbers(shm, 4000, 4100)]).toEqual(numbers.slice(3999, 4100))
    wal.close()
    db.close()
    releaseDescriptor(shm)
  })

  it('notices a flipped bit', () => {
    const db = openWal(path)
    db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(9000))')
    const shm = acquireDescriptor(`${path}-shm`)
    const wal = WalFile.open(`${path}-wal`)
    const { maxFrame } = readWalIndexHeader(shm)
    const [frame] = wal.readFrames(2, 2)
    const bytes = Buffer.alloc(24 + PAGE_SIZE)
    bytes.set(frame!.image, 24)
    bytes[1000]! ^= 1
    wal.writeFrames(2, bytes)
    expect(verifyFrames(wal, wal.header()!, maxFrame)).toBeNull()
    wal.close()
    db.close()
    releaseDescriptor(shm)
  })
})

describe('injecting frames into a live WAL', () => {
  it('turns one database into another while a connection holds statements and another holds a snapshot', () => {
    const source = openWal(join(directory, 'b.db'))
    source.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b); CREATE INDEX i ON t (b)')
    const insert = source.prepare('INSERT INTO t (b) VALUES (hex(randomblob(900)))')
    source.transaction(() => {
      for (let i = 0; i < 12_000; i++) insert.run()
    })()
    const pages = pagesOf(source)
    expect(pages.length).toBeGreaterThan(8200)

    const db = openWal(path)
    db.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 'old')")
    const count = db.prepare('SELECT count(*) FROM t').pluck()
    expect(count.get()).toBe(1)
    const reader = openWal(path)
    reader.exec('BEGIN')
    expect(reader.prepare('SELECT b FROM t').pluck().get()).toBe('old')

    const lock = openWal(path)
    const shm = acquireDescriptor(`${path}-shm`)
    const wal = WalFile.open(`${path}-wal`)
    const flushed = vi.spyOn(wal, 'flushAhead')
    lock.exec('BEGIN IMMEDIATE')
    const cookie = db.pragma('schema_version', { simple: true }) as number
    const injection = injectPages({
      wal,
      shmDescriptor: shm,
      index: readWalIndexHeader(shm),
      sizeInPages: pages.length,
      beforeCommit: () => {
        expect(count.get()).toBe(1)
      },
      pages: pages.map((page, position) => {
        const image = Buffer.from(page)
        if (position === 0) image.writeUInt32BE(cookie + 10, 40)
        return { pageNumber: position + 1, image }
      }),
    })
    lock.exec('COMMIT')
    expect(injection.lastFrame).toBe(readWalIndexHeader(shm).maxFrame)
    expect(flushed).toHaveBeenCalledTimes(Math.floor(pages.length / 2048))

    expect(count.get()).toBe(12_000)
    expect(reader.prepare('SELECT b FROM t').pluck().get()).toBe('old')
    reader.exec('COMMIT')
    expect(reader.prepare('SELECT count(*) FROM t').pluck().get()).toBe(12_000)
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    db.exec("INSERT INTO t (b) VALUES ('after')")
    expect(reader.pragma('integrity_check', { simple: true })).toBe('ok')
    db.pragma('wal_checkpoint(TRUNCATE)')
    expect(reader.prepare('SELECT count(*) FROM t').pluck().get()).toBe(12_001)
    expect(reader.pragma('integrity_check', { simple: true })).toBe('ok')
    wal.close()
    for (const connection of [source, db, reader, lock]) connection.close()
    releaseDescriptor(shm)
  })

  it('begins a WAL that a checkpoint has emptied: for connections that are open, for SQLite’s recovery, and for its next writer', () => {
    const db = openWal(path)
    db.exec("CREATE TABLE t (a); INSERT INTO t VALUES ('old')")
    const before = pagesOf(db)
    db.exec("UPDATE t SET a = 'new'")
    const after = pagesOf(db)
    db.exec("UPDATE t SET a = 'old'")
    const reader = openWal(path)
    const lock = openWal(path)
    const shm = acquireDescriptor(`${path}-shm`)
    const wal = WalFile.open(`${path}-wal`)
    db.pragma('wal_checkpoint(TRUNCATE)')
    reader.exec('BEGIN')
    expect(reader.prepare('SELECT a FROM t').pluck().get()).toBe('old')

    lock.exec('BEGIN IMMEDIATE')
    const index = readWalIndexHeader(shm)
    expect(isEmptied(wal, index)).toBe(true)
    injectPages({
      wal,
      shmDescriptor: shm,
      index,
      sizeInPages: after.length,
      pages: after.flatMap((image, position) =>
        Buffer.compare(image, before[position]!) === 0 ? [] : [{ pageNumber: position + 1, image }],
      ),
    })
    lock.exec('COMMIT')
    expect(reader.prepare('SELECT a FROM t').pluck().get()).toBe('old')
    reader.exec('COMMIT')
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, `${path}.crashed${suffix}`)
    const recovered = openWal(`${path}.crashed`)
    for (const connection of [db, reader, recovered]) {
      expect(connection.prepare('SELECT a FROM t').pluck().get()).toBe('new')
      connection.exec("INSERT INTO t VALUES ('next')")
      expect(connection.pragma('integrity_check', { simple: true })).toBe('ok')
    }
    expect(db.prepare('SELECT count(*) FROM t').pluck().get()).toBe(3)
    db.pragma('wal_checkpoint(TRUNCATE)')
    expect(reader.prepare('SELECT count(*) FROM t').pluck().get()).toBe(3)
    wal.close()
    for (const connection of [db, reader, recovered, lock]) connection.close()
    releaseDescriptor(shm)
  })

  it('does not begin a WAL over frames that a checkpoint has left', () => {
    const db = openWal(path)
    db.exec('CREATE TABLE t (a)')
    const shm = acquireDescriptor(`${path}-shm`)
    const wal = WalFile.open(`${path}-wal`)
    const index = { ...readWalIndexHeader(shm), maxFrame: 0 }
    expect(isEmptied(wal, index)).toBe(false)
    db.pragma('wal_checkpoint(TRUNCATE)')
    expect(isEmptied(wal, { ...index, pageSize: 0 })).toBe(false)
    expect(isEmptied(wal, index)).toBe(true)
    wal.close()
    db.close()
    releaseDescriptor(shm)
  })

  it('shows nothing when it fails before the commit frame, and SQLite goes on writing over what it left', () => {
    const db = openWal(path)
    db.exec("CREATE TABLE t (a); INSERT INTO t VALUES ('kept')")
    const lock = openWal(path)
    const shm = acquireDescriptor(`${path}-shm`)
    const wal = WalFile.open(`${path}-wal`)
    lock.exec('BEGIN IMMEDIATE')
    const index = readWalIndexHeader(shm)
    expect(() =>
      injectPages({
        wal,
        shmDescriptor: shm,
        index,
        sizeInPages: 3,
        pages: [1, 2, 3].map((pageNumber) => ({ pageNumber, image: new Uint8Array(PAGE_SIZE) })),
        beforeCommit: () => {
          throw new Error('disk full')
        },
      }),
    ).toThrow('disk full')
    lock.exec('COMMIT')
    expect(readWalIndexHeader(shm).maxFrame).toBe(index.maxFrame)
    db.exec("INSERT INTO t VALUES ('next')")
    expect(db.prepare('SELECT a FROM t').pluck().all()).toEqual(['kept', 'next'])
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    wal.close()
    db.close()
    lock.close()
    releaseDescriptor(shm)
  })
})
