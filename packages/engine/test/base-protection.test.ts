import { existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { BusyError, initProtocol, PAGE_SIZE } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { assertComplete } from '../src/replica/apply-pull.ts'
import { LOCK_BYTE_PAGE } from '../src/replica/base.ts'
import { BaseRebuild } from '../src/replica/rebuild-base.ts'
import { afterCrash, foreign, ids, keepLocal, openSession } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

let directory: string
let origin: Origin
let path: string

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-base-'))
  path = join(directory, 'c.db')
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec(
    "CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('old', hex(randomblob(20000)))",
  )
  origin.bootstrap(path)
})

afterEach(() => {
  origin.close()
  rmSync(directory, { recursive: true })
})

describe('another program that gets at the WAL after a checkpoint which could copy all of it, but not empty it', () => {
  const grow =
    "UPDATE note SET body = hex(randomblob(20000)); INSERT INTO note VALUES ('mine', hex(randomblob(40000)))"

  it.each([
    ['starts it over', grow],
    ['empties it', 'PRAGMA wal_checkpoint(TRUNCATE)'],
    ['empties it and writes less', "PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO note VALUES ('mine', 'x')"],
  ])('I1: %s, and the base is read right after', (_, sql) => {
    const replica = Replica.open(path)
    origin.exec("INSERT INTO note VALUES ('remote', hex(randomblob(20000)))")
    origin.pull(replica)
    // Reads the newest state from the WAL, so it hinders no copying, only the truncation.
    const reader = new Database(path)
    reader.exec('BEGIN; SELECT * FROM note')
    reader.prepare('SELECT count(*) FROM note').get()
    replica.checkpoint()
    reader.close()
    foreign(path, sql)
    expect(baseDifferences(replica, origin)).toEqual([])
    replica.acknowledgePush({ lastChangeId: 0, pushId: '' })
    const crashed = Replica.open(afterCrash(path))
    expect(crashed.needsRebase).toBe(false)
    expect(baseDifferences(crashed, origin)).toEqual([])
    crashed.close()
    replica.close()
  })
})

describe('another program that opens and closes the file after a crash', () => {
  it('I1: moves a WAL into the main file that was the first after a checkpoint: the base is not known any more', () => {
    Replica.open(path).close()
    const replica = Replica.open(path)
    replica.connection.exec("INSERT INTO note VALUES ('mine', 'x')")
    const crashed = afterCrash(path)
    replica.close()
    foreign(crashed, 'SELECT count(*) FROM note')
    expect(existsSync(`${crashed}-wal`)).toBe(false)
    const again = Replica.open(crashed)
    expect(again.needsRebase).toBe(true)
    again.close()
  })
})

describe('a main file from a backup beside a newer WAL', () => {
  it('opens after a crash though pages of the base are gone, and has what was pending when they are fetched again', () => {
    // Pages that the server has free: SQLite takes them for what is new without reading them.
    origin.exec('UPDATE note SET body = hex(randomblob(200000))')
    origin.exec("UPDATE note SET body = 'small'")
    origin.bootstrap(path)
    const first = Replica.open(path)
    const restored = afterCrash(path)
    const second = Replica.open(restored)
    const sealed = afterCrash(restored)
    truncateSync(sealed, (second.info.sizeInPages - 2) * PAGE_SIZE)
    const third = Replica.open(sealed)
    third.connection.exec("INSERT INTO note VALUES ('mine', hex(randomblob(250000)))")
    const replica = Replica.open(afterCrash(sealed))
    expect(replica.needsRebase).toBe(true)
    const pages = origin.pages(origin.head)
    const rebuild = replica.rebuildBase()
    for (const [index, image] of pages.entries()) rebuild.addPage(index + 1, image)
    rebuild.finish({ revision: origin.head, sizeInPages: pages.length })
    replica.applyPull(keepLocal)
    rebuild.abort()
    expect(baseDifferences(replica, origin)).toEqual([])
    expect(replica.pendingCount()).toBe(1)
    expect(ids(replica.connection)).toEqual(['mine', 'old'])
    for (const open of [first, second, third, replica]) open.close()
  })
})

describe('close', () => {
  it('I1: keeps the base when the application has left a transaction open', () => {
    let replica = Replica.open(path)
    replica.connection.exec(
      "INSERT INTO note VALUES ('mine', 'x'); BEGIN; INSERT INTO note VALUES ('undone', 'x')",
    )
    replica.close()
    replica = Replica.open(path)
    expect(replica.needsRebase).toBe(false)
    expect(ids(replica.connection)).toEqual(['mine', 'old'])
    expect(baseDifferences(replica, origin)).toEqual([])
    replica.close()
  })

  it('can be called again when a statement was being iterated', () => {
    const replica = Replica.open(path)
    const rows = replica.connection.prepare('SELECT id FROM note').iterate()
    rows.next()
    expect(() => {
      replica.close()
    }).toThrow(TypeError)
    rows.return!()
    replica.close()
    expect(Replica.open(path).close()).toBeUndefined()
  })
})

describe('finding the base again', () => {
  /** Another program moves the overlay into the main file of a closed replica. */
  function loseBase(sql: string): void {
    Replica.open(path).close()
    new Database(path).exec(sql).close()
  }

  it('counts as not begun while somebody is writing', () => {
    loseBase("INSERT INTO note VALUES ('other', 'x')")
    const session = openSession(path)
    const writer = new Database(path)
    writer.exec('BEGIN IMMEDIATE')
    expect(() => new BaseRebuild(session)).toThrow(BusyError)
    expect(session.base.watermark).toBeNull()
    writer.close()
    session.close()
  })

  it('takes no page for equal that the local database is too small to have', () => {
    origin.exec('CREATE TABLE big (a); INSERT INTO big VALUES (randomblob(400000))')
    origin.bootstrap(path)
    loseBase("INSERT INTO note VALUES ('other', 'x')")
    const replica = Replica.open(path)
    replica.connection.exec('DROP TABLE big; VACUUM')
    const local = replica.connection.pragma('page_count', { simple: true }) as number
    const pages = origin.pages(origin.head)
    expect(pages.length).toBeGreaterThan(local)
    const rebuild = replica.rebuildBase()
    for (const [index, image] of pages.entries()) {
      const hash = rebuild.localHash(index + 1)
      if (index + 1 > local) expect(hash).toBeNull()
      rebuild.addPage(index + 1, image)
    }
    rebuild.finish({ revision: origin.head, sizeInPages: pages.length })
    replica.applyPull(keepLocal)
    rebuild.abort()
    expect(replica.needsRebase).toBe(false)
    expect(baseDifferences(replica, origin)).toEqual([])
    replica.close()
  })
})

describe('a database of more than one GiB', () => {
  const stage = (missing: number): Parameters<typeof assertComplete>[1] => ({
    staged: { revision: '2', sizeInPages: LOCK_BYTE_PAGE + 2, pageCount: 0, pageOne: null },
    pageNumbers: { has: (page: number) => page !== missing } as ReadonlySet<number>,
  })

  it('may come without the page that SQLite never writes, and must bring every other', () => {
    const base = { sizeInPages: LOCK_BYTE_PAGE - 3 }
    expect(() => {
      assertComplete(base, stage(LOCK_BYTE_PAGE))
    }).not.toThrow()
    expect(() => {
      assertComplete(base, stage(LOCK_BYTE_PAGE + 1))
    }).toThrow('has not sent page 262146')
  })
})

describe('the sync state', () => {
  it('I1: a change of it does not undo what another instance has pulled meanwhile', async () => {
    const first = Replica.open(path)
    const second = Replica.open(path)
    origin.exec("INSERT INTO note VALUES ('remote', 'x')")
    origin.pull(second)
    first.updateInfo({ server: { name: 'x' } })
    await first.withSyncLock(() => {
      expect(first.info).toMatchObject({ revision: origin.head, server: { name: 'x' } })
      expect(baseDifferences(first, origin)).toEqual([])
      return Promise.resolve()
    })
    first.close()
    second.close()
  })

  it('runs operations of one instance one after the other', async () => {
    const replica = Replica.open(path)
    const running: number[] = []
    let count = 0
    const run = async (): Promise<void> => {
      running.push(++count)
      await Promise.resolve()
      count -= 1
    }
    await Promise.all([replica.withSyncLock(run), replica.withSyncLock(run)])
    expect(running).toEqual([1, 1])
    replica.close()
  })
})
