import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import Database from 'better-sqlite3'
import { initProtocol } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { Replica } from '../src/index.ts'
import { heldMarks, READ_MARKS } from './held-marks.ts'
import { baseDifferences, Origin } from './origin.ts'

const PULLS = Number(process.env['TIDEMARK_PULLS'] ?? '150')
let directory: string
let origin: Origin
let path: string

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-replica-'))
  path = join(directory, 'c.db')
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec('CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT)')
})

afterEach(() => {
  origin.close()
  rmSync(directory, { recursive: true })
})

const ids = (db: Database.Database): unknown[] => db.prepare('SELECT id FROM note ORDER BY id').pluck().all()
const insert = (db: Database.Database, id: string, body = 'local'): void => {
  db.prepare('INSERT INTO note VALUES (?, ?)').run(id, body)
}

function open(): Replica {
  origin.bootstrap(path)
  return Replica.open(path)
}

describe('push and pull', () => {
  it('I1: after a pull with nothing pending the base equals the remote pages byte for byte', () => {
    const replica = open()
    expect(baseDifferences(replica, origin)).toEqual([])
    insert(replica.connection, 'a')
    expect(baseDifferences(replica, origin)).toEqual([])
    origin.push(replica)
    origin.exec("INSERT INTO note VALUES ('b', hex(randomblob(10000)))")
    origin.pull(replica)
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(ids(replica.connection)).toEqual(['a', 'b'])
    expect(replica.pendingCount()).toBe(0)
    expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
    replica.close()
  })

  it('keeps what is pending on top of what was pulled, and statements go on working', () => {
    const replica = open()
    const select = replica.connection.prepare('SELECT count(*) FROM note').pluck()
    insert(replica.connection, 'mine')
    origin.exec("INSERT INTO note VALUES ('theirs', 'x')")
    expect(origin.pull(replica)).toMatchObject({ replayed: 1, conflicts: 0 })
    expect(select.get()).toBe(2)
    expect(replica.pendingCount()).toBe(1)
    expect(baseDifferences(replica, origin)).toEqual([])
    origin.push(replica)
    expect(ids(origin.db)).toEqual(['mine', 'theirs'])
    replica.close()
  })

  it('refuses to apply while the application is in a write transaction, and nothing has changed', () => {
    const replica = open()
    origin.exec("INSERT INTO note VALUES ('theirs', 'x')")
    origin.stage(replica)
    replica.connection.exec("BEGIN IMMEDIATE; INSERT INTO note VALUES ('mine', 'x')")
    const apply = (): unknown => replica.applyPull({ resolve: () => 'keep-local', onConflict: () => {} })
    expect(apply).toThrow(expect.objectContaining({ code: 'TIDEMARK_BUSY', recovery: 'retry' }))
    replica.connection.exec('COMMIT')
    apply()
    expect(ids(replica.connection)).toEqual(['mine', 'theirs'])
    replica.close()
  })

  it('lets an open iterator keep its snapshot through a pull', () => {
    const replica = open()
    for (const id of ['a', 'b', 'c']) insert(replica.connection, id)
    origin.exec("INSERT INTO note VALUES ('z', 'x')")
    const seen: unknown[] = []
    for (const id of replica.connection.prepare('SELECT id FROM note ORDER BY id').pluck().iterate()) {
      if (seen.length === 0) origin.pull(replica)
      seen.push(id)
    }
    expect(seen).toEqual(['a', 'b', 'c'])
    expect(ids(replica.connection)).toEqual(['a', 'b', 'c', 'z'])
    replica.close()
  })

  it('does not give out change ids twice, though everything was pushed, pulled and reopened', () => {
    let replica = open()
    insert(replica.connection, 'a')
    const first = replica.beginPush()!.lastChangeId
    origin.push(replica)
    origin.pull(replica)
    replica.close()
    replica = Replica.open(path)
    insert(replica.connection, 'b')
    expect(replica.beginPush()!.firstChangeId).toBeGreaterThan(first)
    replica.close()
  })

  it('starts empty without a server, and everything local survives the first pull', () => {
    const replica = Replica.create(path, { url: null })
    replica.connection.exec("CREATE TABLE own (a INTEGER PRIMARY KEY, b); INSERT INTO own VALUES (1, 'x')")
    origin.pull(replica)
    expect(replica.connection.prepare('SELECT b FROM own').pluck().all()).toEqual(['x'])
    expect(ids(replica.connection)).toEqual([])
    expect(baseDifferences(replica, origin)).toEqual([])
    origin.push(replica)
    expect(origin.db.prepare('SELECT b FROM own').pluck().all()).toEqual(['x'])
    replica.close()
  })

  it('adopts an ordinary database: all of it is pending', () => {
    const db = new Database(path)
    db.exec(
      "CREATE TABLE own (a INTEGER PRIMARY KEY, b); CREATE INDEX own_b ON own (b); INSERT INTO own VALUES (1, 'x'), (2, 'y')",
    )
    db.close()
    expect(() => Replica.open(path)).toThrow(expect.objectContaining({ code: 'TIDEMARK_NOT_SYNCED' }))
    const replica = Replica.adopt(path, { url: null })
    origin.push(replica)
    expect(origin.db.prepare('SELECT a, b FROM own').raw().all()).toEqual([
      [1, 'x'],
      [2, 'y'],
    ])
    origin.pull(replica)
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(replica.pendingCount()).toBe(0)
    replica.close()
  })
})

describe('checkpoint and close', () => {
  it('I1: keeps the base readable after local changes were moved into the main file', () => {
    let replica = open()
    insert(replica.connection, 'a', 'x'.repeat(20_000))
    replica.checkpoint()
    expect(replica.stats().mainWalBytes).toBe(0)
    expect(baseDifferences(replica, origin)).toEqual([])
    const { revertWalBytes } = replica.stats()
    replica.connection.exec("UPDATE note SET body = 'y'")
    replica.checkpoint()
    expect(replica.stats().revertWalBytes).toBe(revertWalBytes)
    replica.close()
    replica = Replica.open(path)
    expect(replica.needsRebase).toBe(false)
    expect(baseDifferences(replica, origin)).toEqual([])
    origin.exec("INSERT INTO note VALUES ('b', 'x')")
    origin.pull(replica)
    expect(replica.stats().revertWalBytes).toBe(0)
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(ids(replica.connection)).toEqual(['a', 'b'])
    replica.close()
  })

  it('I1: keeps base pages that a local VACUUM has cut off', () => {
    origin.exec("INSERT INTO note VALUES ('big', hex(randomblob(100000)))")
    const replica = open()
    replica.connection.exec('DELETE FROM note')
    replica.connection.exec('VACUUM')
    replica.checkpoint()
    expect(baseDifferences(replica, origin)).toEqual([])
    origin.exec("INSERT INTO note VALUES ('b', 'x')")
    origin.pull(replica)
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(ids(replica.connection)).toEqual(['b'])
    expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
    replica.close()
  })

  it('says busy when a reader is in the way, and the base stays readable', () => {
    const replica = open()
    const reader = new Database(path)
    reader.exec('BEGIN')
    reader.prepare('SELECT * FROM note').all()
    insert(replica.connection, 'a')
    expect(() => {
      replica.checkpoint()
    }).toThrow(expect.objectContaining({ code: 'TIDEMARK_BUSY' }))
    expect(baseDifferences(replica, origin)).toEqual([])
    reader.close()
    replica.checkpoint()
    expect(baseDifferences(replica, origin)).toEqual([])
    replica.close()
  })

  it.runIf(process.platform === 'linux')(
    'holds the read marks as commits come, not in a transaction, and lets go of them for pulls and checkpoints',
    async () => {
      const replica = open()
      const workAndKeepReady = async (): Promise<void> => {
        for (let count = 0; count < 5; count++) {
          insert(replica.connection, `${ids(replica.connection).length}`)
          await replica.keepReady()
        }
      }
      await workAndKeepReady()
      expect(heldMarks(path)).toEqual(READ_MARKS)
      origin.push(replica)
      origin.exec("INSERT INTO note VALUES ('b', 'x')")
      origin.pull(replica)
      const ofThePin = heldMarks(path)
      expect(ofThePin.length).toBeLessThan(READ_MARKS.length)
      replica.connection.exec('BEGIN')
      insert(replica.connection, 'c')
      await replica.keepReady()
      replica.connection.exec('COMMIT')
      expect(heldMarks(path)).toEqual(ofThePin)
      await workAndKeepReady()
      expect(heldMarks(path)).toEqual(READ_MARKS)
      replica.checkpoint()
      expect([replica.stats().mainWalBytes, heldMarks(path)]).toEqual([0, []])
      expect(baseDifferences(replica, origin)).toEqual([])
      replica.close()
    },
  )

  it('I1: a checkpoint of another program that is under way when the replica is opened is noticed', () => {
    const replica = open()
    origin.exec("INSERT INTO note VALUES ('a', 'x')")
    origin.pull(replica)
    const other = new Database(path)
    other.pragma('wal_checkpoint(PASSIVE)')
    insert(replica.connection, 'b')
    // As it is while the frames behind the watermark are copied, with nobody there to keep them; by another
    // process, as closing the files lets go of this one's locks.
    const copying = `const fs = require('node:fs')
      const shm = fs.openSync('${path}-shm', 'r+')
      const maxFrame = Buffer.alloc(4)
      fs.readSync(shm, maxFrame, 0, 4, 16)
      fs.writeSync(shm, maxFrame, 0, 4, 128)
      fs.utimesSync('${path}', 1, 1)`
    const opened = (): boolean => {
      const second = Replica.open(path)
      const isLost = second.needsRebase
      second.close()
      return isLost
    }
    expect(opened()).toBe(false)
    insert(replica.connection, 'c')
    execFileSync(process.execPath, ['-e', copying])
    expect(opened()).toBe(true)
    other.close()
    replica.close()
  })

  it('I1: no checkpoint of another program passes the pin', () => {
    const replica = open()
    insert(replica.connection, 'a', 'x'.repeat(50_000))
    const other = new Database(path, { timeout: 0 })
    other.pragma('wal_checkpoint(TRUNCATE)')
    other.exec("INSERT INTO note VALUES ('other', 'x')")
    other.pragma('wal_checkpoint(PASSIVE)')
    other.close()
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(replica.pendingCount()).toBe(2)
    origin.push(replica)
    expect(ids(origin.db)).toEqual(['a', 'other'])
    replica.close()
  })
})

describe('what is not a replica', () => {
  it.each([
    [
      'not a database',
      'TIDEMARK_NOT_A_DATABASE',
      'hello, this is only a text, longer than a header of one hundred bytes would be, so that it is read whole',
    ],
  ])('refuses %s and leaves it', (_, code, content) => {
    writeFileSync(path, content)
    expect(() => Replica.adopt(path, { url: null })).toThrow(expect.objectContaining({ code }))
    expect(() => Replica.open(path)).toThrow(expect.objectContaining({ code }))
    expect(readFileSync(path, 'utf8')).toBe(content)
  })

  it('refuses another page size', () => {
    const db = new Database(path)
    db.pragma('page_size = 8192')
    db.exec('CREATE TABLE t (a)')
    db.close()
    expect(() => Replica.adopt(path, { url: null })).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_PAGE_SIZE' }),
    )
  })

  it.each([
    ['{"format": 1', 'TIDEMARK_INFO_DAMAGED'],
    ['{"format": 1, "clientId": 7}', 'TIDEMARK_INFO_DAMAGED'],
    ['{"format": 2}', 'TIDEMARK_INFO_TOO_NEW'],
    ['{"version": "v1", "client_unique_id": "turso-sync-js"}', 'TIDEMARK_NOT_SYNCED'],
  ])('refuses the sync state %s', (content, code) => {
    open().close()
    writeFileSync(`${path}-info`, content)
    expect(() => Replica.open(path)).toThrow(expect.objectContaining({ code }))
  })
})

describe('several programs', () => {
  it('takes turns with a second instance on the same file', async () => {
    const first = open()
    const second = Replica.open(path)
    for (let round = 0; round < 5; round++) {
      for (const replica of [first, second]) {
        await replica.withSyncLock(async () => {
          insert(replica.connection, `${round}-${replica === first ? 'first' : 'second'}`)
          origin.exec(`INSERT INTO note VALUES ('remote-${round}-${replica === first ? 1 : 2}', 'x')`)
          origin.push(replica)
          origin.pull(replica)
          expect(baseDifferences(replica, origin)).toEqual([])
          await Promise.resolve()
        })
      }
    }
    expect(ids(first.connection)).toHaveLength(20)
    expect(ids(second.connection)).toEqual(ids(origin.db))
    first.close()
    second.close()
    const again = Replica.open(path)
    expect(again.needsRebase).toBe(false)
    expect(baseDifferences(again, origin)).toEqual([])
    again.close()
  })

  it('finds the base again after another program has checkpointed the overlay of a closed replica', () => {
    let replica = open()
    insert(replica.connection, 'mine')
    replica.close()
    const other = new Database(path)
    insert(other, 'other')
    other.close()
    replica = Replica.open(path)
    expect(replica.needsRebase).toBe(true)
    expect(ids(replica.connection)).toEqual(['mine', 'other'])
    const rebuild = replica.rebuildBase()
    const pages = origin.pages(replica.info.revision)
    for (const [index, image] of pages.entries()) rebuild.addPage(index + 1, image)
    rebuild.finish({ revision: origin.head, sizeInPages: pages.length })
    replica.applyPull({ resolve: () => 'keep-local', onConflict: () => {} })
    expect(replica.needsRebase).toBe(false)
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(ids(replica.connection)).toEqual(['mine', 'other'])
    origin.push(replica)
    expect(ids(origin.db)).toEqual(['mine', 'other'])
    replica.close()
  })

  it(`a reader in another process never sees an inconsistent state through ${PULLS} pulls`, async () => {
    origin.exec(`CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER);
      WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO account SELECT i, 100 FROM n`)
    const replica = open()
    // Without streams of ours: a child that outlived a failure would keep the test run from ending.
    const reader = fork(fileURLToPath(new URL('pull-reader-child.ts', import.meta.url)), [path], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    onTestFinished(() => void reader.kill('SIGKILL'))
    await once(reader, 'message')
    const move = origin.db.prepare('UPDATE account SET balance = balance + ? WHERE id = ?')
    for (let pull = 0; pull < PULLS; pull++) {
      origin.db.transaction(() => {
        for (let i = 0; i < 5; i++) {
          move.run(1, 1 + ((pull * 7 + i * 31) % 200))
          move.run(-1, 1 + ((pull * 13 + i * 57) % 200))
        }
      })()
      origin.record()
      insert(replica.connection, `n${pull}`)
      if (pull % 20 === 0) origin.push(replica)
      origin.pull(replica)
      if (pull % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      expect(reader.exitCode).toBeNull()
    }
    reader.send('stop')
    const [{ reads }] = (await once(reader, 'message')) as [{ reads: number }]
    expect(reads).toBeGreaterThan(1000)
    expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(ids(replica.connection)).toHaveLength(PULLS)
    replica.close()
  }, 300_000)
})
