import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import Database from 'better-sqlite3'
import { BusyError, initProtocol, pageHash } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { maxChangeId, readCaptured } from '../src/capture/read-captured.ts'
import { Replica } from '../src/index.ts'
import { applyPull } from '../src/replica/apply-pull.ts'
import { finishReplay, recordBase } from '../src/replica/finish-replay.ts'
import type { ReplicaSession } from '../src/replica/session.ts'
import { afterCrash, foreign, ids, inject, keepLocal, openSession, stage } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

/** What another program writes at the worst moment. */
const SLIPPED = `INSERT INTO note VALUES ('slipped', 'x'); UPDATE note SET body = 'changed' WHERE id = 'remote';
  DELETE FROM note WHERE id = 'old'; CREATE TABLE own (a INTEGER PRIMARY KEY); INSERT INTO own VALUES (7)`

let directory: string
let origin: Origin
let path: string
let session: ReplicaSession

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-foreign-'))
  path = join(directory, 'c.db')
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec("CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('old', 'x')")
  origin.bootstrap(path)
  session = openSession(path)
  session.user.exec("INSERT INTO note VALUES ('mine', 'x')")
  origin.exec("INSERT INTO note VALUES ('remote', hex(randomblob(6000)))")
  stage(session, origin)
})

afterEach(() => {
  session.close()
  origin.close()
  rmSync(directory, { recursive: true })
})

/** Fetches the base that the replica wants again. */
function rebuildBase(replica: Replica, from: Origin): void {
  const rebuild = replica.rebuildBase()
  const pages = from.pages(replica.rebuildRevision)
  for (const [index, image] of pages.entries()) {
    const local = rebuild.localHash(index + 1)
    if (local === null || !Buffer.from(local).equals(pageHash(image))) rebuild.addPage(index + 1, image)
  }
  rebuild.finish({ revision: replica.rebuildRevision, sizeInPages: pages.length })
  replica.applyPull(keepLocal)
}

/**
 * Opens what a crash now would leave; both what was pending and what slipped in must be there and must reach
 * the origin.
 */
function expectSlippedPushed(): void {
  const replica = Replica.open(afterCrash(path))
  expect(ids(replica.connection)).toEqual(['mine', 'remote', 'slipped'])
  expect(existsSync(`${replica.path}-replay`)).toBe(false)
  expect(existsSync(`${replica.path}-base`)).toBe(false)
  expect(replica.needsRebase).toBe(false)
  expect(baseDifferences(replica, origin)).toEqual([])
  origin.push(replica)
  expect(ids(origin.db)).toEqual(['mine', 'remote', 'slipped'])
  expect(origin.db.prepare("SELECT body FROM note WHERE id = 'remote'").pluck().get()).toBe('changed')
  expect(origin.db.prepare('SELECT a FROM own').pluck().all()).toEqual([7])
  origin.pull(replica)
  expect(baseDifferences(replica, origin)).toEqual([])
  expect(replica.pendingCount()).toBe(0)
  replica.close()
}

describe('another program that writes between the injection and the replay', () => {
  it('I6: is captured and pushed', () => {
    const plan = inject(session)
    foreign(path, SLIPPED)
    finishReplay(session, plan, { ...keepLocal, pages: 0, snapshotAtInjection: session.pinned })
    expectSlippedPushed()
  })

  it.each([
    ['alters the table of a pending change', 'ALTER TABLE note ADD COLUMN extra', ['mine', 'old', 'remote']],
    [
      'builds the table of a pending change anew',
      `CREATE TABLE copy (id TEXT PRIMARY KEY, body TEXT, CHECK (id <> '')); INSERT INTO copy SELECT * FROM note;
       DROP TABLE note; ALTER TABLE copy RENAME TO note`,
      ['mine', 'old', 'remote'],
    ],
    [
      'changes a row whose deletion is pending, and the schema',
      "UPDATE note SET body = 'slipped'; PRAGMA user_version = 7",
      ['mine', 'remote'],
    ],
  ])('I2: %s, and what was pending is pushed after that', (title, slipped, expected) => {
    if (title.includes('deletion')) session.user.exec("DELETE FROM note WHERE id = 'old'")
    const plan = inject(session)
    foreign(path, slipped)
    finishReplay(session, plan, { ...keepLocal, pages: 0, snapshotAtInjection: session.pinned })
    expect(ids(session.user)).toEqual(expected)
    const replica = Replica.open(afterCrash(path))
    origin.push(replica)
    expect(ids(origin.db)).toEqual(expected)
    origin.pull(replica)
    expect(ids(replica.connection)).toEqual(expected)
    expect(replica.pendingCount()).toBe(0)
    replica.close()
  })

  it('I3: what may have been sent keeps its id before a schema change that slipped in, what has not comes after that', () => {
    const attemptedLastChangeId = maxChangeId(session.user)
    session.save({ attemptedPushId: 'aa', attemptedLastChangeId })
    session.user.exec("INSERT INTO note VALUES ('later', 'x')")
    const plan = inject(session)
    foreign(path, 'PRAGMA user_version = 7')
    finishReplay(session, plan, { ...keepLocal, pages: 0, snapshotAtInjection: session.pinned })
    const changes = [...readCaptured(session.user, 0)].filter(({ kind }) => kind !== 'commit')
    expect(changes).toMatchObject([
      { changeId: attemptedLastChangeId, after: ['mine', 'x'] },
      { sql: 'PRAGMA user_version = 7' },
      { after: ['later', 'x'] },
    ])
  })

  it('I6: is captured and pushed when the process has died in between', () => {
    inject(session)
    foreign(path, SLIPPED)
    expectSlippedPushed()
  })

  it('I6: is captured and pushed when the process has died after it recorded the base', () => {
    recordBase(session, inject(session))
    foreign(path, SLIPPED)
    expectSlippedPushed()
  })

  it('I6: is captured and pushed when the same process goes on after a failure', () => {
    inject(session)
    foreign(path, SLIPPED)
    expect(applyPull(session, keepLocal)).toMatchObject({ replayed: 1 })
    expectSlippedPushed()
  })
})

it('a replica whose pull a crash has interrupted waits for another program that writes while it is opened', async () => {
  inject(session)
  const crashed = afterCrash(path)
  const writer = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const db = new (require(workerData.module))(workerData.path)
     db.exec("BEGIN IMMEDIATE; INSERT INTO note VALUES ('slipped', 'x')")
     parentPort.postMessage('writing')
     setTimeout(() => { db.exec('COMMIT'); db.close() }, 100)`,
    {
      eval: true,
      workerData: { path: crashed, module: createRequire(import.meta.url).resolve('better-sqlite3') },
    },
  )
  const ended = once(writer, 'exit')
  await once(writer, 'message')
  const replica = Replica.open(crashed)
  await ended
  expect(ids(replica.connection)).toEqual(['mine', 'old', 'remote', 'slipped'])
  replica.close()
})

describe('another program that vacuums between the injection and the replay', () => {
  it.each([
    'VACUUM',
    "INSERT INTO line VALUES ('slipped'); VACUUM",
    "VACUUM; INSERT INTO line VALUES ('slipped')",
  ])('I2: leaves the rows of a table without a key and index as the others know them: %s', (sql) => {
    origin.exec(
      "CREATE TABLE line (word); INSERT INTO line VALUES ('a'), ('gone'), ('b'), ('c'); DELETE FROM line WHERE word = 'gone'; CREATE TRIGGER never AFTER UPDATE ON line BEGIN SELECT RAISE(ABORT, 'fired'); END",
    )
    stage(session, origin)
    const plan = inject(session)
    foreign(path, sql)
    finishReplay(session, plan, { ...keepLocal, pages: 0, snapshotAtInjection: session.pinned })
    const slipped = sql.includes('slipped') ? ['slipped'] : []
    const words = (db: Database.Database): unknown[] => db.prepare('SELECT word FROM line').pluck().all()
    expect(words(session.user)).toEqual(['a', 'b', 'c', ...slipped])
    const replica = Replica.open(afterCrash(path))
    // Another replica has got there first.
    origin.exec("DELETE FROM line WHERE word = 'b'; INSERT INTO line VALUES ('d')")
    origin.pull(replica)
    origin.push(replica)
    expect(words(origin.db)).toEqual(['a', 'c', 'd', ...slipped])
    replica.close()
  })
})

describe('another program that writes when the pull wants the lock', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('is waited for a moment: the gaps of one that writes all the time are short', () => {
    const writer = new Database(path)
    writer.exec("BEGIN IMMEDIATE; INSERT INTO note VALUES ('slipped', 'x')")
    // However long this process had to wait for a core.
    vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    const wait = vi.spyOn(Atomics, 'wait').mockImplementationOnce(() => {
      writer.exec('COMMIT')
      return 'timed-out'
    })
    applyPull(session, keepLocal)
    expect(wait).toHaveBeenCalledOnce()
    expect(ids(session.user)).toEqual(['mine', 'old', 'remote', 'slipped'])
    writer.close()
  })

  it('is not waited for when it is the application itself', () => {
    const wait = vi.spyOn(Atomics, 'wait')
    session.user.exec("BEGIN IMMEDIATE; INSERT INTO note VALUES ('slipped', 'x')")
    expect(() => applyPull(session, keepLocal)).toThrow(BusyError)
    expect(wait).not.toHaveBeenCalled()
    session.user.exec('COMMIT')
    applyPull(session, keepLocal)
    expect(ids(session.user)).toEqual(['mine', 'old', 'remote', 'slipped'])
  })
})

describe('what another program does just before the pull takes the write lock', () => {
  const justBefore = (deed: () => void): void => {
    const withWriteLock = session.withWriteLock.bind(session)
    session.withWriteLock = (run) => {
      session.withWriteLock = withWriteLock
      deed()
      return withWriteLock(run)
    }
  }

  it('I6: a new table is captured, with its rows', () => {
    justBefore(() => foreign(path, 'CREATE TABLE own (a INTEGER PRIMARY KEY); INSERT INTO own VALUES (7)'))
    applyPull(session, keepLocal)
    expect(session.user.prepare('SELECT a FROM own').pluck().all()).toEqual([7])
    const replica = Replica.open(afterCrash(path))
    origin.push(replica)
    expect(origin.db.prepare('SELECT a FROM own').pluck().all()).toEqual([7])
    replica.close()
  })

  it.each(['fts5 (body)', 'rtree (id, low, high)'])(
    'I6: a row of a virtual table is captured: %s',
    (module) => {
      session.user.exec(`CREATE VIRTUAL TABLE found USING ${module}`)
      const insert = `INSERT INTO found VALUES (${module.startsWith('fts5') ? "'slipped'" : '1, 2, 3'})`
      justBefore(() => foreign(path, insert))
      applyPull(session, keepLocal)
      expect(session.user.prepare('SELECT count(*) FROM found').pluck().get()).toBe(1)
      const replica = Replica.open(afterCrash(path))
      origin.push(replica)
      expect(origin.db.prepare('SELECT count(*) FROM found').pluck().get()).toBe(1)
      replica.close()
    },
  )
})

describe('another program that moves the WAL into the main file after a crash', () => {
  it.each([
    ['the injection', (): void => void inject(session)],
    ['recording the base', (): void => void recordBase(session, inject(session))],
  ])('I4: loses nothing that was pending at %s', (_, interrupt) => {
    interrupt()
    const crashed = afterCrash(path)
    new Database(crashed).exec("INSERT INTO note VALUES ('unseen', 'x')").close()
    expect(existsSync(`${crashed}-wal`)).toBe(false)
    const replica = Replica.open(crashed)
    expect(ids(replica.connection)).toEqual(['mine', 'old', 'remote', 'unseen'])
    expect(replica.pendingCount()).toBe(1)
    expect(replica.needsRebase).toBe(true)
    expect(existsSync(`${crashed}-replay`)).toBe(false)
    replica.close()
  })

  it('I6: what it wrote is found when the base is fetched, and nothing that others have pushed since', () => {
    inject(session)
    const crashed = afterCrash(path)
    new Database(crashed).exec(SLIPPED).close()
    let replica = Replica.open(crashed)
    replica.connection.exec("INSERT INTO note VALUES ('after', 'x')")
    const { revision } = replica.info
    replica.close()
    origin.exec(
      "INSERT INTO note VALUES ('elsewhere', 'x'); UPDATE note SET body = 'newer' WHERE id = 'remote'",
    )

    replica = Replica.open(crashed)
    expect(replica.needsRebase).toBe(true)
    expect(replica.rebuildRevision).toBe(revision)
    rebuildBase(replica, origin)
    expect(replica.needsRebase).toBe(false)
    expect(replica.rebuildRevision).toBe('')
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(ids(replica.connection)).toEqual(['after', 'mine', 'remote', 'slipped'])
    origin.pull(replica)
    origin.push(replica)
    expect(ids(origin.db)).toEqual(['after', 'elsewhere', 'mine', 'remote', 'slipped'])
    expect(origin.db.prepare('SELECT a FROM own').pluck().all()).toEqual([7])
    origin.pull(replica)
    expect(ids(replica.connection)).toEqual(ids(origin.db))
    expect(replica.pendingCount()).toBe(0)
    replica.close()
  })

  it('I1: does not take later pages in the main file for the base', () => {
    inject(session)
    foreign(path, SLIPPED)
    const crashed = afterCrash(path)
    const holder = new Database(crashed)
    holder.exec('PRAGMA wal_checkpoint(PASSIVE)')
    const reopened = Replica.open(crashed)
    expect(ids(reopened.connection)).toEqual(['mine', 'remote', 'slipped'])
    expect(reopened.needsRebase).toBe(true)
    reopened.close()
    holder.close()
  })
})
