import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type Database from 'better-sqlite3'
import { initProtocol, isTidemarkError, pageHash } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { afterCrash, ids, inject, keepLocal, openSession, stage } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

/** Positions in a file that are tried, evenly spread. */
const PLACES = 6

let directory: string
let origin: Origin
let path: string

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-flipped-'))
  path = join(directory, 'c.db')
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec("CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('old', 'x')")
  origin.bootstrap(path)
})

afterEach(() => {
  origin.close()
  rmSync(directory, { recursive: true })
})

/** Has something pending, and a pull that has come in and is not applied; the database's path. */
function crashBefore(): string {
  const session = openSession(path)
  prepare(session.user)
  stage(session, origin)
  const crashed = afterCrash(path)
  session.close()
  return crashed
}

/** Between the two commits of a pull: what is pending is only in `-replay`. */
function crashBetween(): string {
  const session = openSession(path)
  prepare(session.user)
  stage(session, origin)
  inject(session)
  const crashed = afterCrash(path)
  session.close()
  return crashed
}

/** No pull is under way: one change is acknowledged, one is not. */
function crashAfterPush(): string {
  const replica = Replica.open(path, { busyTimeoutMs: 0 })
  replica.connection.exec("INSERT INTO note VALUES ('pushed', hex(randomblob(3000)))")
  origin.push(replica)
  replica.connection.exec("INSERT INTO note VALUES ('mine', 'x')")
  const crashed = afterCrash(path)
  replica.close()
  return crashed
}

/** What is pending is in the main file, and the base pages that it has overwritten are in `-wal-revert`. */
function crashAfterCheckpoint(): string {
  const replica = Replica.open(path, { busyTimeoutMs: 0 })
  prepare(replica.connection)
  replica.checkpoint()
  const crashed = afterCrash(path)
  replica.close()
  return crashed
}

/** The same with a queue of several commits, of which a cut WAL may have some. */
function crashBetweenWithQueue(): string {
  origin.exec('CREATE TABLE log (line TEXT)')
  const first = Replica.open(path, { busyTimeoutMs: 0 })
  origin.pull(first)
  first.connection.exec("INSERT INTO note VALUES ('pushed', 'x'); INSERT INTO log VALUES ('pushed')")
  origin.push(first)
  first.close()
  const session = openSession(path)
  session.user.exec("INSERT INTO log VALUES ('mine')")
  session.user.exec("UPDATE note SET body = 'changed' WHERE id = 'old'; DELETE FROM note WHERE id = 'pushed'")
  session.user.exec("INSERT INTO log VALUES ('mine too'); INSERT INTO log VALUES ('mine too')")
  prepare(session.user)
  stage(session, origin)
  inject(session)
  const crashed = afterCrash(path)
  session.close()
  return crashed
}

function prepare(user: Database.Database): void {
  user.exec("INSERT INTO note VALUES ('mine', 'x')")
  origin.exec("INSERT INTO note VALUES ('remote', hex(randomblob(6000)))")
}

/** Turns one bit around; the times stay, as nobody has written. */
function flip(file: string, place: number): void {
  const bytes = readFileSync(file)
  const at = Math.floor(((place + 0.5) / PLACES) * bytes.length)
  bytes[at] = bytes[at]! ^ (1 << (place % 8))
  const times = `${file}.times`
  spawnSync('cp', ['-a', file, times])
  writeFileSync(file, bytes)
  spawnSync('touch', ['-r', times, file])
}

function rebuild(replica: Replica): void {
  const rebuilt = replica.rebuildBase()
  const revision = replica.rebuildRevision === '' ? origin.head : replica.rebuildRevision
  const pages = origin.pages(revision)
  for (const [index, image] of pages.entries()) {
    const local = rebuilt.localHash(index + 1)
    if (local === null || !Buffer.from(local).equals(pageHash(image))) rebuilt.addPage(index + 1, image)
  }
  rebuilt.finish({ revision, sizeInPages: pages.length })
  replica.applyPull(keepLocal)
}

/** Opens and syncs. @returns the rows that everybody has then, or the code of the error that says what is wrong */
function rowsOrError(crashed: string): string {
  let replica: Replica | null = null
  try {
    replica = Replica.open(crashed, { busyTimeoutMs: 0 })
    if (replica.needsRebase) rebuild(replica)
    origin.push(replica)
    origin.pull(replica)
    expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(replica.pendingCount()).toBe(0)
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(ids(replica.connection)).toEqual(ids(origin.db))
    return ids(origin.db).join(' ')
  } catch (error) {
    if (!isTidemarkError(error)) throw error
    return error.code
  } finally {
    replica?.close()
  }
}

/** {@link rowsOrError}; where the base is damaged, after what `reset()` does then. */
async function rowsAfterRepair(crashed: string): Promise<string> {
  const rows = rowsOrError(crashed)
  if (rows !== 'TIDEMARK_BASE_DAMAGED') return rows
  const options = { keepPending: true, busyTimeoutMs: 0, interruptedPull: keepLocal }
  const repaired = await Replica.repair(
    crashed,
    options,
    async (whole) => {
      const pages = origin.pages(origin.head)
      for (const [index, image] of pages.entries()) whole.writePage(index + 1, image)
      return { revision: origin.head, sizeInPages: pages.length }
    },
    async () => Replica.open(crashed, options),
  )
  repaired.close()
  return rowsOrError(crashed)
}

const places = Array.from({ length: PLACES }, (_, place) => place)

describe.each(places)('a bit that the disk has turned around, at place %i', (place) => {
  it('in -replay: an error says that what was pending cannot be put back, and the file stays', () => {
    const crashed = crashBetween()
    flip(`${crashed}-replay`, place)
    const before = readFileSync(`${crashed}-replay`)
    expect(rowsOrError(crashed)).toBe('TIDEMARK_REPLAY_DAMAGED')
    expect(readFileSync(`${crashed}-replay`)).toEqual(before)
  })

  it('in -wal, between the two commits of a pull: nothing of others is deleted, nothing pending is lost', async () => {
    const crashed = crashBetween()
    flip(`${crashed}-wal`, place)
    expect(await rowsAfterRepair(crashed)).toBe('mine old remote')
  })

  it('in -wal, between the two commits of a pull: a longer queue is pushed whole and once (I3)', async () => {
    const crashed = crashBetweenWithQueue()
    flip(`${crashed}-wal`, place)
    expect(await rowsAfterRepair(crashed)).toBe('mine old remote')
    const lines = origin.db.prepare('SELECT line FROM log ORDER BY line').pluck().all()
    expect(lines).toEqual(['mine', 'mine too', 'mine too', 'pushed'])
    expect(origin.db.prepare("SELECT body FROM note WHERE id = 'old'").pluck().get()).toBe('changed')
  })

  it('in -wal, outside a pull: what the server has acknowledged comes back, and what is written next is pushed (I3)', () => {
    const crashed = crashAfterPush()
    flip(`${crashed}-wal`, place)
    const replica = Replica.open(crashed, { busyTimeoutMs: 0 })
    replica.connection.exec("INSERT INTO note VALUES ('later', 'x')")
    replica.close()
    // SQLite reads up to there: what was only behind that is gone, as in any of its files.
    expect(['later mine old pushed', 'later old pushed']).toContain(rowsOrError(crashed))
  })

  it('in -changes: it is fetched again', () => {
    // More pages than are kept in memory.
    origin.exec('CREATE TABLE large (body); INSERT INTO large VALUES (zeroblob(400000))')
    const crashed = crashBefore()
    flip(`${crashed}-changes`, place)
    expect(rowsOrError(crashed)).toBe('mine old remote')
  })

  it('in -wal-revert: the base is fetched again', () => {
    const crashed = crashAfterCheckpoint()
    flip(`${crashed}-wal-revert`, place)
    expect(rowsOrError(crashed)).toBe('mine old remote')
  })
})

it('a WAL that is gone after a crash between the two commits of a pull: what was pending is there, nothing of others is deleted', () => {
  const crashed = crashBetween()
  rmSync(`${crashed}-wal`)
  expect(rowsOrError(crashed)).toBe('mine old remote')
})
