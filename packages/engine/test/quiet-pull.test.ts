import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { initProtocol } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { Replica } from '../src/index.ts'
import { WalFile } from '../src/wal/wal-file.ts'
import { afterCrash, foreign, ids, keepLocal } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

let directory: string
let path: string
let origin: Origin
let replica: Replica

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-quiet-'))
  path = join(directory, 'c.db')
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec("CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('first', 'x')")
  origin.bootstrap(path)
  replica = Replica.open(path)
  // The pull that installs capture over a base of its own.
  origin.exec("INSERT INTO note VALUES ('second', 'x')")
  origin.pull(replica)
})

afterEach(() => {
  replica.close()
  origin.close()
  rmSync(directory, { recursive: true })
})

/** Bumped whenever capture is installed anew. */
const schemaVersion = (): unknown => replica.connection.pragma('schema_version', { simple: true })

function expectSound(of: Replica = replica): void {
  expect(of.connection.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(of.needsRebase).toBe(false)
  expect(baseDifferences(of, origin)).toEqual([])
  expect(ids(of.connection)).toEqual(ids(origin.db))
}

/** A local write is captured, reaches the origin, and comes back. */
function expectWritable(of: Replica = replica): void {
  of.connection.exec("INSERT INTO note VALUES ('written', 'here')")
  expect(of.pendingCount()).toBe(1)
  origin.push(of)
  origin.pull(of)
  expect(of.pendingCount()).toBe(0)
  expectSound(of)
}

const infoOnDisk = (): string => readFileSync(`${path}-info`, 'utf8')

it('leaves capture and the schema as they are, and saves nothing but the WAL', () => {
  const before = { version: schemaVersion(), info: infoOnDisk() }
  for (const id of ['third', 'fourth']) {
    origin.exec(`INSERT INTO note VALUES ('${id}', 'x')`)
    expect(origin.pull(replica)).toMatchObject({ replayed: 0, conflicts: 0 })
    expect(replica.info.revision).toBe(origin.head)
    expectSound()
  }
  expect(schemaVersion()).toBe(before.version)
  expect(infoOnDisk()).toBe(before.info)
  expectWritable()
})

it.each(['full', 'normal'] as const)(
  'I4: after a crash the replica is at the new revision, though -info is not (%s)',
  (durability) => {
    replica.close()
    replica = Replica.open(path, { durability })
    for (const id of ['third', 'fourth', 'fifth']) {
      origin.exec(`INSERT INTO note VALUES ('${id}', 'x')`)
      origin.pull(replica)
    }
    const crashed = Replica.open(afterCrash(path))
    expect(crashed.info.revision).toBe(origin.head)
    expectSound(crashed)
    expectWritable(crashed)
    crashed.close()
  },
)

it('I1: a checkpoint, by whomever, keeps the base', () => {
  const update = (id: string): void => {
    origin.exec(`UPDATE note SET body = body || '${id}'`)
    origin.pull(replica)
  }
  update('a')
  foreign(path, 'PRAGMA wal_checkpoint(PASSIVE)')
  expectSound()
  update('b')
  foreign(path, "PRAGMA wal_checkpoint(RESTART); INSERT INTO note VALUES ('by another program', 'x')")
  expect(baseDifferences(replica, origin)).toEqual([])
  update('c')
  expect(replica.pendingCount()).toBe(1)
  origin.push(replica)
  origin.pull(replica)
  expectSound()
  update('d')
  replica.checkpoint()
  expectSound()
  update('e')
  update('f')
  replica.close()
  replica = Replica.open(path)
  expectSound()
  expectWritable()
})

it('I2: what another program has written meanwhile is pending after the pull', () => {
  foreign(path, "INSERT INTO note VALUES ('by another program', 'x')")
  origin.exec("INSERT INTO note VALUES ('third', 'x')")
  expect(origin.pull(replica)).toMatchObject({ replayed: 1 })
  expect(replica.pendingCount()).toBe(1)
  origin.push(replica)
  origin.pull(replica)
  expectSound()
})

it.each([
  ['the schema has changed', "ALTER TABLE note ADD COLUMN author TEXT DEFAULT 'nobody'"],
  ['there is another table', 'CREATE TABLE other (a); INSERT INTO other VALUES (1)'],
  ['user_version has changed', 'PRAGMA user_version = 7'],
  ['there is a virtual table', 'CREATE VIRTUAL TABLE words USING fts5(word)'],
])('installs capture anew where %s', (_, sql) => {
  const before = schemaVersion()
  origin.exec(sql)
  origin.pull(replica)
  expect(schemaVersion()).not.toBe(before)
  expectSound()
  origin.exec("INSERT INTO note (id, body) VALUES ('third', 'x')")
  origin.pull(replica)
  expectSound()
  replica.connection.exec("UPDATE note SET body = 'mine' WHERE id = 'first'")
  expect(replica.pendingCount()).toBe(1)
})

const lastReplay = (): unknown =>
  replica.connection.prepare("SELECT value FROM tidemark_state WHERE key = 'replay_id'").pluck().get()

it('I1, I2: moves capture behind a database that has grown, until a page number needs another byte', () => {
  const grow = (id: string): void => {
    origin.exec(`INSERT INTO note VALUES ('${id}', hex(randomblob(80000)))`)
    origin.pull(replica)
    expectSound()
  }
  const installed = lastReplay()
  grow('third')
  const before = { replay: lastReplay(), version: schemaVersion() as number }
  expect(before.replay).toBe(installed)
  grow('fourth')
  expect(schemaVersion()).toBe(before.version + 1)
  grow('fifth')
  grow('sixth')
  expect(replica.info.sizeInPages).toBeGreaterThan(127)
  expect(lastReplay()).not.toBe(installed)
  const anew = lastReplay()
  grow('seventh')
  expect(lastReplay()).toBe(anew)
  origin.exec("DELETE FROM note WHERE id = 'fourth'")
  origin.pull(replica)
  expectSound()
  grow('eighth')
  expectWritable()
})

describe('after a checkpoint', () => {
  let installed: unknown

  const pullInsert = (id: string): void => {
    origin.exec(`INSERT INTO note VALUES ('${id}', hex(randomblob(20000)))`)
    origin.pull(replica)
    expectSound()
  }

  beforeEach(() => {
    origin.exec("INSERT INTO note VALUES ('filler', hex(randomblob(300000)))")
    origin.pull(replica)
    installed = lastReplay()
    replica.checkpoint()
    expect(existsSync(`${path}-wal-revert`)).toBe(true)
  })

  it('I1, I2: capture stays where it lies in the main file, and the base needs no -wal-revert any more', () => {
    for (const id of ['third', 'fourth']) {
      pullInsert(id)
      expect(existsSync(`${path}-wal-revert`)).toBe(false)
      expect(replica.stats().mainWalBytes).toBeGreaterThan(0)
      pullInsert(`${id}, again`)
      replica.checkpoint()
      expect(replica.stats().mainWalBytes).toBe(0)
      expectSound()
    }
    replica.checkpoint()
    pullInsert('fifth')
    expect(lastReplay()).toBe(installed)
    expectWritable()
  })

  it('I1: another program’s checkpoint changes nothing', () => {
    pullInsert('third')
    foreign(path, 'PRAGMA wal_checkpoint(PASSIVE)')
    pullInsert('fourth')
    expect(lastReplay()).toBe(installed)
    expectWritable()
  })

  it('a checkpoint that a reader holds up is as good', () => {
    pullInsert('third')
    const reader = new Database(path)
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM note').get()
    pullInsert('fourth')
    expect(() => replica.checkpoint()).toThrow('partial')
    pullInsert('fifth')
    reader.close()
    replica.checkpoint()
    pullInsert('sixth')
    expect(lastReplay()).toBe(installed)
    expectWritable()
  })

  it.each([
    ['', "INSERT INTO note VALUES ('by another', 'x')"],
    [', and checkpoints,', "INSERT INTO note VALUES ('by another', 'x'); PRAGMA wal_checkpoint"],
  ])('I2: what another program has written%s is pending after the pull', (_, sql) => {
    foreign(path, sql)
    expectPendingAfterPull()
  })

  it('I2: what was written before another checkpoint is pending after the pull', () => {
    replica.connection.exec("INSERT INTO note VALUES ('mine', 'x')")
    replica.checkpoint()
    expectPendingAfterPull()
  })

  function expectPendingAfterPull(): void {
    origin.exec("INSERT INTO note VALUES ('third', 'x')")
    expect(origin.pull(replica)).toMatchObject({ replayed: 1 })
    expect(lastReplay()).not.toBe(installed)
    origin.push(replica)
    origin.pull(replica)
    expectSound()
    expectWritable()
  }

  it.each([0, 1])('I4: after a crash the replica is at the new revision (%i more checkpoints)', (more) => {
    pullInsert('third')
    for (let count = 0; count < more; count++) replica.checkpoint()
    const crashed = Replica.open(afterCrash(path))
    expectSound(crashed)
    expectWritable(crashed)
    crashed.close()
  })

  it('I4: a WAL that was begun and got no commit leaves the old revision', () => {
    const before = origin.head
    origin.exec("UPDATE note SET body = 'y'")
    vi.spyOn(WalFile.prototype, 'writeFrames').mockImplementation(() => {
      throw new Error('disk full')
    })
    expect(() => origin.pull(replica)).toThrow('disk full')
    vi.restoreAllMocks()
    const crashed = Replica.open(afterCrash(path))
    expect(crashed.info.revision).toBe(before)
    expect(crashed.needsRebase).toBe(false)
    expect(baseDifferences(crashed, origin)).toEqual([])
    crashed.close()
    origin.pull(replica)
    expectSound()
    expectWritable()
  })

  it('the commit that -wal-revert goes for is on disk, also where commits are not', () => {
    replica.close()
    replica = Replica.open(path, { durability: 'normal' })
    pullInsert('that installs capture')
    replica.checkpoint()
    const hasRevertAtSync: boolean[] = []
    vi.spyOn(WalFile.prototype, 'sync').mockImplementation(() => {
      hasRevertAtSync.push(existsSync(`${path}-wal-revert`))
    })
    pullInsert('third')
    vi.restoreAllMocks()
    // The header of the WAL that begins, the commit, and before `-changes` goes.
    expect(hasRevertAtSync).toEqual([true, true, false])
    expect(existsSync(`${path}-wal-revert`)).toBe(false)
  })
})

it('goes with a freelist that comes and goes', () => {
  origin.exec("INSERT INTO note VALUES ('long', hex(randomblob(20000)))")
  origin.pull(replica)
  for (const sql of [
    "DELETE FROM note WHERE id = 'long'",
    "UPDATE note SET body = 'y'",
    "INSERT INTO note VALUES ('long', hex(randomblob(12000)))",
    "UPDATE note SET body = 'z' WHERE id = 'first'",
  ]) {
    origin.exec(sql)
    origin.pull(replica)
    expectSound()
  }
  expectWritable()
})

it('I1: two instances on a file pull in turns', () => {
  const other = Replica.open(path)
  const both = [replica, other]
  for (let round = 0; round < 6; round++) {
    origin.exec(`UPDATE note SET body = 'round ${round}'`)
    origin.pull(both[round % 2]!)
    if (round > 3) origin.pull(both[round % 2]!)
  }
  other.close()
  expectSound()
  expectWritable()
})

it('goes on where a server has other pages under the same schema cookie', () => {
  const twin = new Origin(join(directory, 'twin.db'))
  twin.exec(
    "CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT, more TEXT); INSERT INTO note VALUES ('twin', 'x', 'y')",
  )
  const stage = replica.stagePull()
  const pages = twin.pages(twin.head)
  for (const [index, image] of pages.entries()) stage.writePage(index + 1, image)
  stage.finish({ revision: 'twin', sizeInPages: pages.length })
  replica.applyPull(keepLocal)
  expect(replica.connection.prepare('SELECT * FROM note').all()).toEqual([
    { id: 'twin', body: 'x', more: 'y' },
  ])
  const db = new Database(path)
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
  db.close()
  twin.close()
})
