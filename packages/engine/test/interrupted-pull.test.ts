import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { initProtocol } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'

import { captureSchemaStatement, readCaptured, Replica } from '../src/index.ts'
import type { Conflict } from '../src/index.ts'
import { applyPull } from '../src/replica/apply-pull.ts'
import { resumeInterruptedPull } from '../src/replica/recover-pull.ts'
import type { ReplicaSession } from '../src/replica/session.ts'
import { WalFile, writeFully } from '../src/wal/wal-file.ts'
import { afterCrash, ids, inject, keepLocal, openSession, stage } from './interrupted-pull.ts'
import { Origin } from './origin.ts'

let directory: string
let origin: Origin
let path: string
let session: ReplicaSession

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-interrupted-'))
  path = join(directory, 'c.db')
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec('CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT)')
  origin.bootstrap(path)
})

afterEach(() => {
  vi.restoreAllMocks()
  session.close()
  origin.close()
  rmSync(directory, { recursive: true })
})

function begin(durability: 'full' | 'normal'): void {
  session = openSession(path, durability)
  session.user.exec("INSERT INTO note VALUES ('mine', 'x')")
  origin.exec("INSERT INTO note VALUES ('remote', 'x')")
  stage(session, origin)
}

it('tells who looks for the queue in between where it is, and has it in place when the pull is finished', () => {
  begin('full')
  const other = Replica.open(path)
  inject(session)
  expect(() => {
    other.assertQueueInPlace()
  }).toThrow(expect.objectContaining({ code: 'TIDEMARK_PULL_UNFINISHED', recovery: 'pull' }) as Error)
  resumeInterruptedPull(session)
  other.assertQueueInPlace()
  expect(other.pendingCount()).toBe(1)
  other.close()
})

it('I5: what another program writes in between counts as one transaction, and takes no schema statement', () => {
  begin('full')
  inject(session)
  const other = new Database(path)
  other.exec("BEGIN; INSERT INTO note VALUES ('one', 'x'); INSERT INTO note VALUES ('two', 'x'); COMMIT")
  expect(() =>
    captureSchemaStatement(other, 'CREATE TABLE t (a)', () => other.exec('CREATE TABLE t (a)')),
  ).toThrow(expect.objectContaining({ code: 'TIDEMARK_PULL_UNFINISHED', recovery: 'pull' }) as Error)
  const now = vi.spyOn(Date, 'now')
  let clock = 1_000_000
  now.mockImplementation(() => (clock += 1))
  resumeInterruptedPull(session)
  const times = [...readCaptured(other, 0)].flatMap((change) =>
    'table' in change && change.after?.[0] !== 'mine' ? [change.timeMs] : [],
  )
  expect(times).toHaveLength(2)
  expect(new Set(times).size).toBe(1)
  other.close()
})

it('I4: a commit frame that was written and not published cannot come back once -replay is gone', () => {
  begin('full')
  // The first call is before `-replay` is sealed.
  vi.spyOn(WalFile.prototype, 'sync')
    .mockImplementationOnce(() => {})
    .mockImplementationOnce(() => {
      throw new Error('EIO')
    })
  expect(() => inject(session)).toThrow('EIO')
  expect(resumeInterruptedPull(session)).toEqual({ report: null })
  expect(existsSync(`${path}-replay`)).toBe(false)
  const replica = Replica.open(afterCrash(path))
  expect(ids(replica.connection)).toEqual(['mine'])
  expect(replica.pendingCount()).toBe(1)
  replica.close()
})

it('I4: with durability normal the replay is on disk before -replay is removed', () => {
  begin('normal')
  const synced: boolean[] = []
  const { wal } = session
  const sync = wal.sync.bind(wal)
  vi.spyOn(wal, 'sync').mockImplementation(() => {
    sync()
    const isReplayed =
      session.user.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'tidemark_cdc'").pluck().get() ===
      1
    synced.push(isReplayed && existsSync(`${path}-replay`) && session.info.revision === origin.head)
  })
  applyPull(session, keepLocal)
  expect(synced.at(-1)).toBe(true)
})

it('I4: goes on when a writer has died while it published, and nobody has read since', () => {
  begin('full')
  const header = Buffer.alloc(48)
  const index = session.readIndex()
  header.set(index.raw)
  header.writeUInt32LE(index.maxFrame + 7, 16)
  writeFully(session.shmDescriptor, header, 0)
  expect(session.readIndex().maxFrame).toBe(index.maxFrame)
  applyPull(session, keepLocal)
  expect(ids(session.user)).toEqual(['mine', 'remote'])
})

it('I6: compares with the state right after the injection, also when the process failed before it was pinned', () => {
  begin('full')
  vi.spyOn(session, 'advanceTo').mockImplementationOnce(() => {
    throw new Error('EMFILE')
  })
  expect(() => inject(session)).toThrow('EMFILE')
  resumeInterruptedPull(session)
  expect(ids(session.pinned)).toEqual(['remote'])
  expect(ids(session.user)).toEqual(['mine', 'remote'])
})

it('asks the caller again when the first attempt could not get the write lock for the replay', () => {
  begin('full')
  session.user.exec("INSERT INTO note VALUES ('same', 'local')")
  origin.exec("INSERT INTO note VALUES ('same', 'remote')")
  stage(session, origin)
  inject(session)
  const resolve = vi.fn<() => 'accept-remote'>(() => 'accept-remote')
  expect(applyPull(session, { ...keepLocal, resolve })).toMatchObject({ conflicts: 1, replayed: 1 })
  expect(resolve).toHaveBeenCalledOnce()
  expect(session.user.prepare("SELECT body FROM note WHERE id = 'same'").pluck().get()).toBe('remote')
})

it('says busy while another program writes, also to finish what was interrupted, and then finishes it', () => {
  begin('full')
  inject(session)
  const other = new Database(path)
  other.exec("BEGIN IMMEDIATE; INSERT INTO note VALUES ('other', 'x')")
  expect(() => resumeInterruptedPull(session)).toThrow(expect.objectContaining({ code: 'TIDEMARK_BUSY' }))
  other.exec('COMMIT')
  resumeInterruptedPull(session)
  expect(ids(session.user)).toEqual(['mine', 'other', 'remote'])
  other.close()
})

it('asks and tells whoever opens the file after a crash about the conflicts of the pull', () => {
  begin('full')
  session.user.exec("INSERT INTO note VALUES ('same', 'local')")
  origin.exec("INSERT INTO note VALUES ('same', 'remote')")
  stage(session, origin)
  inject(session)
  const onConflict = vi.fn<(conflict: Conflict) => void>()
  const replica = Replica.open(afterCrash(path), {
    interruptedPull: { resolve: () => 'accept-remote', onConflict },
  })
  expect(onConflict.mock.calls).toMatchObject([[{ kind: 'insert/insert', local: { body: 'local' } }]])
  expect(replica.connection.prepare("SELECT body FROM note WHERE id = 'same'").pluck().get()).toBe('remote')
  replica.close()
})

it('finishes after a crash without foreign keys where the application did without', () => {
  origin.exec('CREATE TABLE reply (id TEXT PRIMARY KEY, note TEXT REFERENCES note (id))')
  begin('full')
  applyPull(session, keepLocal)
  session.user.pragma('foreign_keys = OFF')
  session.user.exec("INSERT INTO reply VALUES ('orphan', 'none')")
  stage(session, origin)
  inject(session)
  const replica = Replica.open(afterCrash(path))
  expect(replica.connection.prepare('SELECT id FROM reply').pluck().all()).toEqual(['orphan'])
  replica.close()
})
