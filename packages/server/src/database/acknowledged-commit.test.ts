import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusyError, PAGE_SIZE } from '@tidemark/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { databaseEvents } from '../../test/database-events.ts'
import { SETTINGS } from '../../test/database-settings.ts'
import { History } from '../history/history.ts'
import { Database } from './database.ts'

let root: string
/** What the database has asked to be called. */
let due: (() => void)[]
let problems: unknown[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-acknowledged-'))
  due = []
  problems = []
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

async function open(name: string): Promise<Database> {
  mkdirSync(join(root, name), { recursive: true })
  return Database.open(
    join(root, name),
    'ffeeddccbbaa99887766554433221100',
    SETTINGS,
    databaseEvents({
      onProblem: (_, error) => problems.push(error),
      onRecordDue: (record) => due.push(record),
    }),
  )
}

/** A database with a table, and a commit to be made. */
async function openWithTable(): Promise<{ readonly database: Database; readonly commit: () => void }> {
  const database = await open('a')
  const connection = database.acquireConnection()
  database.history.beginEpoch()
  connection.exec('CREATE TABLE t (x)')
  database.recordCommits()
  return { database, commit: () => connection.exec('INSERT INTO t VALUES (1)') }
}

/** All pages of the newest revision, and what SQLite has. */
function contents(database: Database): readonly [Buffer, Buffer] {
  const { history } = database
  const size = history.sizeAt(history.head)
  const pages = Buffer.alloc(size * PAGE_SIZE)
  const numbers = Array.from({ length: size }, (_, index) => index + 1)
  history.readPages(numbers, history.head, pages)
  const connection = database.acquireConnection()
  try {
    return [pages, connection.serialize()]
  } finally {
    database.releaseConnection(connection)
  }
}

test('it has the revision that was said, for whoever reads next, and after a crash', async () => {
  const { database, commit } = await openWithTable()
  const before = database.history.head
  commit()
  const revision = database.acknowledgeCommit()
  cpSync(join(root, 'a'), join(root, 'crashed'), { recursive: true, preserveTimestamps: true })
  rmSync(join(root, 'crashed/main.db-shm'))
  expect(problems).toEqual([])
  for (const each of [database, await open('crashed')]) {
    expect(each.revision).toBe(revision)
    expect(each.history.head).toBe(before + 1)
    const [pages, seenBySqlite] = contents(each)
    expect(pages).toEqual(seenBySqlite)
    each.close()
  }
})

test('it is brought into the history when that is due, once, and those who wait are woken', async () => {
  const { database, commit } = await openWithTable()
  const woken = database.commits.wait(60_000, new AbortController().signal)
  commit()
  const revision = database.acknowledgeCommit()
  expect(due).toHaveLength(1)
  due[0]!()
  await woken
  const { bytes } = database.history
  due[0]!()
  expect(database.history.bytes).toBe(bytes)
  expect(database.revision).toBe(revision)
  database.close()
  due[0]!()
})

test('where the history cannot be written, nobody reads it without the commit: each who comes tries again', async () => {
  const { database, commit } = await openWithTable()
  const { revision } = database
  const full = new Error('ENOSPC')
  const append = vi.spyOn(History.prototype, 'append').mockImplementation(() => {
    throw full
  })
  try {
    commit()
    const acknowledged = database.acknowledgeCommit()
    due[0]!()
    expect(() => database.history).toThrow(BusyError)
    expect(() => database.revision).toThrow(BusyError)
    expect(database.status().revision).toBe(revision)
    expect(problems).toEqual([full])
    append.mockRestore()
    expect(database.revision).toBe(acknowledged)
  } finally {
    append.mockRestore()
  }
  database.close()
})

test('a commit that could not be recorded, and was not acknowledged, is brought by who reads next', async () => {
  const { database, commit } = await openWithTable()
  const { head } = database.history
  for (const failures of [1, 2]) {
    vi.spyOn(History.prototype, 'append').mockImplementationOnce(() => {
      throw new Error('ENOSPC')
    })
    commit()
    expect(() => database.recordCommits()).toThrow('ENOSPC')
    expect(database.history.head).toBe(head + failures)
    expect(problems).toHaveLength(failures)
  }
  database.close()
})

test('what comes after a commit that could not be brought at first does not wait', async () => {
  const { database, commit } = await openWithTable()
  vi.spyOn(History.prototype, 'append').mockImplementationOnce(() => {
    throw new Error('ENOSPC')
  })
  commit()
  database.acknowledgeCommit()
  due[0]!()
  expect(problems).toHaveLength(1)
  for (let count = 0; count < 2; count++) {
    commit()
    expect(database.acknowledgeCommit()).toBe(database.revision)
  }
  database.close()
})

test('behind one that nobody has acknowledged it gets the revision after that', async () => {
  const { database, commit } = await openWithTable()
  const before = database.history.head
  commit()
  commit()
  expect(database.acknowledgeCommit()).toBe(database.revision)
  expect(database.history.head).toBe(before + 2)
  database.close()
})
