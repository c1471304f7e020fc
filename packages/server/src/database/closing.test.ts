import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BusyError, PAGE_SIZE } from '@tidemark/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { databaseEvents } from '../../test/database-events.ts'
import { SETTINGS } from '../../test/database-settings.ts'
import { Database } from './database.ts'
import { MainFileReader } from './main-file.ts'
import { WalRecorder } from './wal-recorder.ts'
import type { DatabaseSettings } from './database.ts'

const ID = 'ffeeddccbbaa99887766554433221100'
const COUNT = 'SELECT count(*) FROM t'

let root: string
let problems: string[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-closing-'))
  problems = []
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(root, { recursive: true, force: true })
})

async function open(directory: string, settings: Partial<DatabaseSettings> = {}): Promise<Database> {
  return Database.open(
    directory,
    ID,
    { ...SETTINGS, ...settings },
    databaseEvents({
      onRestart: (reason) => problems.push(reason),
      onProblem: (message) => problems.push(message),
      onCheckpointDue: (checkpoint) => checkpoint(),
      onPanic: (error) => {
        problems.push('panic')
        throw error
      },
    }),
  )
}

/** Opened, with 20 rows, each a commit. */
async function filled(directory: string, settings: Partial<DatabaseSettings> = {}): Promise<Database> {
  const database = await open(directory, settings)
  const connection = database.acquireConnection()
  database.history.beginEpoch()
  connection.exec('CREATE TABLE t (x)')
  for (let row = 0; row < 20; row++) {
    connection.exec('INSERT INTO t VALUES (randomblob(3000))')
    database.recordCommits()
  }
  return database
}

function pagesAt({ history }: Database, sequence: number): Buffer {
  const size = history.sizeAt(sequence)
  const pages = Buffer.alloc(size * PAGE_SIZE)
  for (let page = 1; page <= size; page++)
    history.readPage(page, sequence, pages.subarray((page - 1) * PAGE_SIZE, page * PAGE_SIZE))
  return pages
}

test.each(['append', 'beginCheckpoint', 'compact'] as const)(
  'a database that is closed while the disk has no room for %s is opened again with all its commits, and the same revisions',
  async (step) => {
    const database = await filled(root)
    const { revision } = database
    const expected = pagesAt(database, database.history.head)
    if (step === 'append') database.acquireConnection().exec('INSERT INTO t VALUES (1)')
    vi.spyOn(database.history, step).mockImplementationOnce(() => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    })
    database.close()
    expect(problems.splice(0)).toEqual([expect.stringContaining('the disk is full')])
    const again = await open(root)
    const sequence = again.history.resolveRevision(revision)!
    expect(again.history.head - sequence).toBe(step === 'append' ? 1 : 0)
    expect(pagesAt(again, sequence).equals(expected)).toBe(true)
    expect(pagesAt(again, again.history.head).equals(again.acquireConnection().serialize())).toBe(true)
    expect(problems).toEqual([])
    again.close()
  },
)

test('a commit in files that were moved is not acknowledged, and closing leaves them as they are, and what stands in their place', async () => {
  const [place, moved, copy] = [join(root, 'place'), join(root, 'moved'), join(root, 'copy')]
  mkdirSync(place)
  const database = await filled(place, { segmentBytes: 20_000, retention: { bytes: 0, ageMs: 0 } })
  cpSync(place, copy, { recursive: true })
  renameSync(place, moved)
  cpSync(copy, place, { recursive: true })
  const sizes = (directory: string): unknown[] =>
    readdirSync(directory, { recursive: true })
      .map(String)
      .toSorted()
      .map((name) => [name, statSync(join(directory, name)).size])
  const before = [place, moved].map(sizes)
  expect(database.isInPlace).toBe(false)
  expect(() => database.recordCommits()).toThrow(BusyError)
  database.close()
  expect([place, moved].map(sizes)).toEqual(before)
  for (const directory of [moved, place]) {
    const again = await open(directory)
    expect(again.acquireConnection().prepare(COUNT).pluck().get()).toBe(20)
    again.close()
  }
  expect(problems).toEqual([])
})

const ENOSPC = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

/** No connection can be opened on the database until the returned function is called. */
function hideMainFile(): () => void {
  const [path, hidden] = [join(root, 'main.db'), join(root, 'hidden.db')]
  renameSync(path, hidden)
  return () => renameSync(hidden, path)
}

/** Runs `then` right after the main file’s descriptor was closed. */
function whenMainFileCloses(then: () => void): void {
  const close = Reflect.get<MainFileReader, 'close'>(MainFileReader.prototype, 'close')
  vi.spyOn(MainFileReader.prototype, 'close').mockImplementationOnce(function (this: MainFileReader) {
    close.call(this)
    then()
  })
}

async function expectWhole(revision: string, rows: number): Promise<void> {
  const again = await open(root, { lockWaitMs: 0 })
  expect(again.history.resolveRevision(revision)).toBe(again.history.head - 1)
  expect(again.acquireConnection().prepare(COUNT).pluck().get()).toBe(rows)
  again.close()
}

test.each(['once', 'twice'] as const)(
  'a full disk, and no descriptors for the connection that keeps SQLite from its checkpoint (%s): all else is closed and unlocked',
  async (times) => {
    const database = await filled(root)
    const { revision } = database
    database.acquireConnection().exec('INSERT INTO t VALUES (1)')
    let show = (): void => {}
    vi.spyOn(database.history, 'append').mockImplementationOnce(() => {
      show = hideMainFile()
      throw ENOSPC
    })
    if (times === 'once') whenMainFileCloses(() => show())
    const historyClosed = vi.spyOn(database.history, 'close')
    if (times === 'once') database.close()
    else {
      expect(() => database.close()).toThrow('unable to open')
      show()
    }
    expect(historyClosed).toHaveBeenCalledOnce()
    const panics = times === 'once' ? [] : ['panic']
    expect(problems.splice(0)).toEqual([expect.stringContaining('the disk is full'), ...panics])
    await expectWhole(revision, 21)
    expect(problems).toEqual([])
  },
)

test.each(['history', 'mainFile'] as const)(
  'a descriptor (%s) that cannot be closed keeps nothing else open',
  async (which) => {
    const database = await filled(root)
    const { revision } = database
    database.acquireConnection().exec('INSERT INTO t VALUES (1)')
    const fail = (): never => {
      throw new Error('EIO')
    }
    if (which === 'history') vi.spyOn(database.history, 'close').mockImplementationOnce(fail)
    else vi.spyOn(MainFileReader.prototype, 'close').mockImplementationOnce(fail)
    expect(() => database.close()).toThrow('EIO')
    await expectWhole(revision, 21)
  },
)

test('a database that cannot be opened is unlocked, also where its connection can be closed only behind its descriptors', async () => {
  const database = await filled(root)
  const { revision } = database
  database.acquireConnection().exec('INSERT INTO t VALUES (1)')
  vi.spyOn(database.history, 'append').mockImplementationOnce(() => {
    throw ENOSPC
  })
  database.close()
  problems.length = 0
  let show = (): void => {}
  vi.spyOn(WalRecorder, 'open').mockImplementationOnce(() => {
    show = hideMainFile()
    throw new Error('EMFILE')
  })
  whenMainFileCloses(() => show())
  await expect(open(root)).rejects.toThrow('EMFILE')
  await expectWhole(revision, 21)
  expect(problems).toEqual([])
})

test.runIf(existsSync('/proc/self/fd'))(
  'a database is closed and unlocked, and loses nothing, however few files the process may still open, on a full disk',
  () => {
    const program = fileURLToPath(new URL('../../test/few-descriptors.ts', import.meta.url))
    const { stdout, stderr, status } = spawnSync(
      'sh',
      ['-c', 'ulimit -n 64 && exec "$0" "$@"', process.execPath, program, root],
      { encoding: 'utf8' },
    )
    expect([stdout, stderr, status]).toEqual(['', '', 0])
  },
)
