import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { heldMarks, READ_MARKS } from '../../test/held-marks.ts'
import { ReadMarks } from './read-marks.ts'

let directory: string
let path: string
let db: Database.Database
let marks: ReadMarks

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-marks-'))
  path = join(directory, 'a.db')
  db = new Database(path, { timeout: 0 })
  db.pragma('journal_mode = WAL')
  db.pragma('wal_autocheckpoint = 0')
  db.exec('CREATE TABLE t (a)')
  marks = new ReadMarks(path)
})

afterEach(() => {
  marks.close()
  db.close()
  rmSync(directory, { recursive: true })
})

/** Adds a commit. Returns the last frame's number. */
function commit(): number {
  db.exec('INSERT INTO t VALUES (1)')
  return (db.pragma('wal_checkpoint(NOOP)') as { log: number }[])[0]!.log
}

describe.runIf(process.platform === 'linux')('read marks', () => {
  it('are held one by one, as commits come, until there is none left', () => {
    for (const count of [1, 2, 3, 4, 4]) {
      marks.hold(commit())
      expect(heldMarks(path)).toEqual(READ_MARKS.slice(0, count))
    }
  })

  it('are not held twice for one commit', () => {
    const frame = commit()
    for (let count = 0; count < 5; count++) marks.hold(frame)
    expect(heldMarks(path)).toEqual([124])
    for (let count = 0; count < 3; count++) marks.hold(commit())
    expect(heldMarks(path)).toEqual(READ_MARKS)
  })

  it('are let go of, so that a checkpoint can empty the WAL, and held again for later commits', () => {
    for (let count = 0; count < 5; count++) marks.hold(commit())
    expect(db.pragma('wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 1 }])
    const frame = commit()
    marks.release(frame)
    expect(heldMarks(path)).toEqual([])
    expect(db.pragma('wal_checkpoint(TRUNCATE)')).toEqual([{ busy: 0, log: 0, checkpointed: 0 }])
    marks.hold(commit())
    expect(heldMarks(path)).toEqual([124])
  })

  it('leave others what they have: other processes and connections read and write as before', () => {
    for (let count = 0; count < 5; count++) marks.hold(commit())
    const other = new Database(path)
    expect(other.prepare('SELECT count(*) FROM t').pluck().get()).toBe(5)
    other.exec('INSERT INTO t VALUES (2)')
    expect(db.prepare('SELECT count(*) FROM t').pluck().get()).toBe(6)
    other.close()
    expect(heldMarks(path)).toEqual(READ_MARKS)
  })

  it('are not held of a file that is gone, and the error says so', () => {
    const gone = new ReadMarks(join(directory, 'no', 'such.db'))
    expect(() => gone.hold(7)).toThrow('directory does not exist')
    gone.close()
  })
})
