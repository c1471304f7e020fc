import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PAGE_SIZE } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { History } from '../history/history.ts'
import { databaseEvents } from '../../test/database-events.ts'
import { SETTINGS } from '../../test/database-settings.ts'
import { Database } from './database.ts'
import type { DatabaseSettings } from './database.ts'

const ID = 'ffeeddccbbaa99887766554433221100'
const MIB = 1024 * 1024

let root: string
let restarts: string[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-database-'))
  restarts = []
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

async function open(
  directory = root,
  settings: Partial<DatabaseSettings> = {},
  onCheckpointDue = (checkpoint: () => void): void => checkpoint(),
): Promise<Database> {
  return Database.open(
    directory,
    ID,
    { ...SETTINGS, ...settings },
    databaseEvents({ onRestart: (reason) => restarts.push(reason), onCheckpointDue }),
  )
}

/** A writer that records each of its commits, as the server does. */
function writer(database: Database): (sql: string) => void {
  const connection = database.acquireConnection()
  return (sql) => {
    database.history.beginEpoch()
    connection.exec(sql)
    database.recordCommits()
  }
}

/** All pages of a revision, one after another. */
function pagesAt(database: Database, sequence: number): Buffer {
  const size = database.history.sizeAt(sequence)
  const bytes = Buffer.alloc(size * PAGE_SIZE)
  for (let page = 1; page <= size; page++) {
    database.history.readPage(page, sequence, bytes.subarray((page - 1) * PAGE_SIZE, page * PAGE_SIZE))
  }
  return bytes
}

/** What SQLite itself sees now. */
function seenBySqlite(database: Database): Buffer {
  const connection = database.acquireConnection()
  try {
    return connection.serialize()
  } finally {
    database.releaseConnection(connection)
  }
}

/** The files as a crash would leave them. */
function crashed(): string {
  const copy = mkdtempSync(join(tmpdir(), 'tidemark-crashed-'))
  cpSync(root, copy, { recursive: true, preserveTimestamps: true })
  rmSync(join(copy, 'main.db-shm'))
  return copy
}

/** Descriptors of this process on files in the folder. */
function openFiles(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`)
      return file.startsWith(directory) ? [file] : []
    } catch {
      // That of the listing.
      return []
    }
  })
}

function lastSegment(directory: string): string {
  const history = join(directory, 'history')
  return join(history, readdirSync(history).toSorted().at(-1)!)
}

const FILL = `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200)
  INSERT INTO item SELECT NULL, randomblob(400) FROM c`

test.each([
  ['full', true],
  ['normal', false],
] as const)('with durability %s commits find room in the WAL: %s', async (durability, hasRoom) => {
  const database = await open(root, { durability, checkpointFrames: 1000 })
  const write = writer(database)
  write('CREATE TABLE t (x)')
  for (let row = 0; row < 40; row++) write('INSERT INTO t VALUES (1)')
  const frameBytes = database.status().bytes - database.history.bytes
  expect(statSync(join(root, 'main.db-wal')).size > frameBytes + MIB / 2).toBe(hasRoom)
  database.close()
  expect(existsSync(join(root, 'main.db-wal'))).toBe(false)
})

describe('a database', () => {
  test('every revision equals, byte for byte, the copy that was taken of it, while others write and checkpoint (I1)', async () => {
    const database = await open()
    const write = writer(database)
    write('CREATE TABLE item (id INTEGER PRIMARY KEY, body)')
    const copies = new Map<number, Buffer>()
    for (let round = 0; round < 12; round++) {
      write(FILL)
      write(`UPDATE item SET body = randomblob(${300 + round}) WHERE id % 7 = ${round % 7}`)
      if (round % 3 === 2) write('DELETE FROM item WHERE id % 5 = 0')
      copies.set(database.history.head, seenBySqlite(database))
    }
    for (const [sequence, copy] of copies)
      expect([sequence, pagesAt(database, sequence).equals(copy)]).toEqual([sequence, true])
    database.close()
    const again = await open()
    for (const [sequence, copy] of copies)
      expect([sequence, pagesAt(again, sequence).equals(copy)]).toEqual([sequence, true])
    expect(restarts).toEqual([])
    again.close()
  })

  test('a reader that stands still holds the checkpoint back, and nothing is lost', async () => {
    const database = await open()
    const write = writer(database)
    write('CREATE TABLE item (id INTEGER PRIMARY KEY, body)')
    const reader = database.acquireConnection()
    reader.exec('BEGIN; SELECT count(*) FROM item')
    for (let round = 0; round < 5; round++) write(FILL)
    const copy = seenBySqlite(database)
    const { head } = database.history
    reader.exec('COMMIT')
    for (let round = 0; round < 5; round++) write(FILL)
    expect(pagesAt(database, head).equals(copy)).toBe(true)
    expect(pagesAt(database, database.history.head).equals(seenBySqlite(database))).toBe(true)
    database.close()
  })

  test('pages that a transaction adds and frees again are part of the history', async () => {
    const database = await open()
    const write = writer(database)
    write('CREATE TABLE item (id INTEGER PRIMARY KEY, body)')
    write(`BEGIN; ${FILL}; ${FILL}; DELETE FROM item WHERE id > 3; COMMIT`)
    const { head } = database.history
    const changed = new Set(database.history.changedBetween(head - 1, head))
    const before = database.history.sizeAt(head - 1)
    for (let page = before + 1; page <= database.history.sizeAt(head); page++)
      expect(changed.has(page)).toBe(true)
    database.close()
  })

  test('the WAL is copied when it is asked for, with what was committed meanwhile in the history first (I1)', async () => {
    const due: (() => void)[] = []
    const database = await open(root, {}, (checkpoint) => due.push(checkpoint))
    const write = writer(database)
    write('CREATE TABLE item (id INTEGER PRIMARY KEY, body)')
    for (let round = 0; round < 3; round++) write(FILL)
    const mainFile = join(root, 'main.db')
    expect([due.length, statSync(mainFile).size]).toEqual([1, PAGE_SIZE])
    const { head } = database.history
    const connection = database.acquireConnection()
    connection.exec("INSERT INTO item VALUES (9000, 'meanwhile')")
    due[0]!()
    expect(database.history.head).toBe(head + 1)
    expect(statSync(mainFile).size).toBeGreaterThan(50 * PAGE_SIZE)
    for (let round = 0; round < 3; round++) write(FILL)
    database.close()
    expect(due).toHaveLength(2)
    expect(due[1]).not.toThrow()
  })

  test('a quota ends growth with an error of SQLite’s, and the database goes on', async () => {
    const database = await open(root, { maxDatabaseBytes: 64 * PAGE_SIZE })
    const write = writer(database)
    write('CREATE TABLE item (id INTEGER PRIMARY KEY, body)')
    expect(() => {
      for (let round = 0; round < 10; round++) write(FILL)
    }).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }))
    write('DELETE FROM item')
    database.close()
  })
})

describe('opening a database', () => {
  async function filled(): Promise<{ database: Database; write: (sql: string) => void }> {
    const database = await open(root, { checkpointFrames: 1_000_000 })
    const write = writer(database)
    write('CREATE TABLE item (id INTEGER PRIMARY KEY, body)')
    write(FILL)
    return { database, write }
  }

  test('after a crash: what the WAL has and the history has not comes in under the same names (I5)', async () => {
    const { database, write } = await filled()
    const intact = statSync(lastSegment(root)).size
    write("INSERT INTO item VALUES (9000, 'last')")
    write("INSERT INTO item VALUES (9001, 'very last')")
    const { revision } = database
    const copy = seenBySqlite(database)
    const directory = crashed()
    database.close()
    for (const size of [intact, intact + 1, intact + 100, intact + 5000]) {
      const again = mkdtempSync(join(root, 'crash-'))
      cpSync(directory, again, { recursive: true })
      truncateSync(lastSegment(again), size)
      const reopened = await open(again)
      expect(reopened.revision).toBe(revision)
      expect(pagesAt(reopened, reopened.history.head).equals(copy)).toBe(true)
      reopened.close()
    }
    expect(restarts).toEqual([])
    rmSync(directory, { recursive: true })
  })

  test.runIf(existsSync('/proc/self'))(
    'one that fails, as on a full disk, leaves no file open, and the next one finds all',
    async () => {
      const { database, write } = await filled()
      const intact = statSync(lastSegment(root)).size
      write("INSERT INTO item VALUES (9000, 'last')")
      const { revision } = database
      const directory = crashed()
      database.close()
      truncateSync(lastSegment(directory), intact)
      const append = vi.spyOn(History.prototype, 'append').mockImplementationOnce(() => {
        throw new Error('ENOSPC')
      })
      await expect(open(directory)).rejects.toThrow('ENOSPC')
      append.mockRestore()
      expect(openFiles(directory)).toEqual([])
      const reopened = await open(directory)
      expect(reopened.revision).toBe(revision)
      reopened.close()
      rmSync(directory, { recursive: true })
    },
  )

  test('after a crash new commits have another epoch, and old revisions are still known', async () => {
    const { database } = await filled()
    const { revision } = database
    const directory = crashed()
    database.close()
    const reopened = await open(directory)
    expect(reopened.revision).toBe(revision)
    writer(reopened)('DELETE FROM item WHERE id < 10')
    expect(reopened.revision.split('.')[0]).not.toBe(revision.split('.')[0])
    expect(reopened.history.resolveRevision(revision)).toBe(reopened.history.head - 1)
    reopened.close()
    rmSync(directory, { recursive: true })
  })

  test('after a WAL lost commits that were acknowledged (power loss, durability normal) the history begins anew', async () => {
    const { database, write } = await filled()
    const wal = statSync(join(root, 'main.db-wal')).size
    write("INSERT INTO item VALUES (9000, 'last')")
    const { revision } = database
    const directory = crashed()
    database.close()
    truncateSync(join(directory, 'main.db-wal'), wal)
    const reopened = await open(directory)
    expect(restarts).toHaveLength(1)
    expect(reopened.history.resolveRevision(revision)).toBeNull()
    expect(pagesAt(reopened, reopened.history.head).equals(seenBySqlite(reopened))).toBe(true)
    reopened.close()
    rmSync(directory, { recursive: true })
  })

  test('after another program wrote the file the history begins anew', async () => {
    const { database } = await filled()
    const { revision } = database
    database.close()
    const foreign = new Sqlite(join(root, 'main.db'))
    foreign.exec("UPDATE item SET body = 'foreign'; CREATE TABLE more (x)")
    foreign.close()
    const reopened = await open()
    expect(restarts).toHaveLength(1)
    expect(reopened.history.resolveRevision(revision)).toBeNull()
    expect(pagesAt(reopened, reopened.history.head).equals(seenBySqlite(reopened))).toBe(true)
    reopened.close()
  })

  test('another program need not have changed the first page, or the size', async () => {
    const { database } = await filled()
    const { revision } = database
    database.close()
    const page = Buffer.alloc(PAGE_SIZE)
    const pageOne = (): Buffer => {
      const descriptor = openSync(join(root, 'main.db'), 'r')
      readSync(descriptor, page, 0, PAGE_SIZE, 0)
      closeSync(descriptor)
      return Buffer.from(page)
    }
    const before = pageOne()
    const foreign = new Sqlite(join(root, 'main.db'))
    foreign.exec("UPDATE item SET body = 'foreign' WHERE id = 7")
    foreign.close()
    expect(pageOne()).toEqual(before)
    const reopened = await open()
    expect(restarts).toEqual([expect.stringContaining('while it was closed')])
    expect(reopened.history.resolveRevision(revision)).toBeNull()
    expect(pagesAt(reopened, reopened.history.head).equals(seenBySqlite(reopened))).toBe(true)
    reopened.close()
  })

  test('nor need it where the server was killed behind a checkpoint', async () => {
    const due: (() => void)[] = []
    const database = await open(root, { checkpointFrames: 10 }, (checkpoint) => due.push(checkpoint))
    const write = writer(database)
    write('CREATE TABLE item (id INTEGER PRIMARY KEY, body)')
    write(FILL)
    due[0]!()
    const directory = crashed()
    database.close()
    const other = new Sqlite(join(directory, 'main.db'))
    other.exec("UPDATE item SET body = 'other' WHERE id = 100")
    other.close()
    const reopened = await open(directory)
    expect(restarts).toEqual([expect.stringContaining('while it was closed')])
    reopened.close()
    rmSync(directory, { recursive: true })
  })

  test('another program that has only read the file has changed nothing', async () => {
    const { database } = await filled()
    const { revision } = database
    database.close()
    const foreign = new Sqlite(join(root, 'main.db'))
    foreign.prepare('SELECT count(*) FROM item').get()
    foreign.close()
    const reopened = await open()
    expect([restarts, reopened.revision]).toEqual([[], revision])
    reopened.close()
  })

  test('without its history, or with a damaged one, the rows are there and the history begins anew', async () => {
    const { database } = await filled()
    database.close()
    rmSync(join(root, 'history'), { recursive: true })
    const reopened = await open()
    expect(pagesAt(reopened, 0).equals(seenBySqlite(reopened))).toBe(true)
    reopened.close()
    truncateSync(lastSegment(root), 70)
    const third = await open()
    expect(pagesAt(third, 0).equals(seenBySqlite(third))).toBe(true)
    third.close()
  })

  test('a clean close leaves no WAL, and nothing changes by opening again', async () => {
    const { database } = await filled()
    const { revision } = database
    database.close()
    expect(readdirSync(root).toSorted()).toEqual(['history', 'lock', 'main.db'])
    for (let i = 0; i < 3; i++) {
      const reopened = await open()
      expect(reopened.revision).toBe(revision)
      reopened.close()
    }
    expect(restarts).toEqual([])
  })

  test('commits are taken, and found again, where the clock is before 1970', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: -86_400_000 })
    try {
      const { database } = await filled()
      const { revision } = database
      database.close()
      const reopened = await open()
      expect([restarts, reopened.revision]).toEqual([[], revision])
      reopened.close()
    } finally {
      vi.useRealTimers()
    }
  })

  test('one process at a time', async () => {
    const { database } = await filled()
    await expect(open(root, { lockWaitMs: 30 })).rejects.toMatchObject({ code: 'TIDEMARK_BUSY' })
    database.close()
  })

  test('a history of another database is not taken for this one’s', async () => {
    const { database } = await filled()
    database.close()
    const other = await Database.open(
      root,
      '0'.repeat(32),
      SETTINGS,
      databaseEvents({ onRestart: (reason) => restarts.push(reason) }),
    )
    expect(restarts).toEqual([expect.stringContaining('another database')])
    other.close()
  })
})
