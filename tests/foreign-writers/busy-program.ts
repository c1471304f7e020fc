/**
 * `busy-program.ts <database> <name>`: a program that knows nothing of Tidemark and does to the file what
 * programs do, over and over, until its standard input ends.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import BetterSqlite3 from 'better-sqlite3'

import { JournalWriter } from './journal.ts'

const [, , path, name] = process.argv as [string, string, string, string]
let db = new BetterSqlite3(path, { timeout: 500 })
const journal = new JournalWriter(() => db, name)
const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)]!

function checkpoint(): void {
  db.pragma(`wal_checkpoint(${pick(['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'])})`)
}

function longTransaction(): void {
  db.exec('BEGIN IMMEDIATE')
  db.exec(`UPDATE tally SET n = n WHERE writer = '${name}'`)
  pause(Math.random() * 30)
  db.exec('COMMIT')
}

function longRead(): void {
  db.exec('BEGIN')
  db.prepare('SELECT count(*) FROM entry').get()
  pause(Math.random() * 30)
  db.exec('COMMIT')
}

let tables = 0

/**
 * Each in one transaction, and no table is used again once it is dropped: between the two commits of a pull a
 * table may be out of sight that has just been made, and one in sight that has just been dropped.
 */
function changeSchema(): void {
  const own = `${name}_${pick(['a', 'b'])}`
  const sql = pick([
    `CREATE TABLE ${name}_${tables} (id INTEGER PRIMARY KEY, v); INSERT INTO ${name}_${tables} (v) VALUES (hex(randomblob(8)))`,
    `DROP TABLE IF EXISTS ${name}_${Math.floor(Math.random() * tables)}`,
    `CREATE INDEX IF NOT EXISTS ${own}_i ON entry (flag)`,
    `DROP INDEX IF EXISTS ${own}_i`,
    `DROP VIEW IF EXISTS ${own}_v; CREATE VIEW ${own}_v AS SELECT count(*) FROM entry`,
    `PRAGMA user_version = ${Math.floor(Math.random() * 100)}`,
  ])
  db.exec(`BEGIN IMMEDIATE; ${sql}; COMMIT`)
  if (sql.startsWith('CREATE TABLE')) tables += 1
}

function reopen(): void {
  db.close()
  db = new BetterSqlite3(path, { timeout: 500 })
  db.pragma(pick(['synchronous = OFF', 'synchronous = FULL', 'cache_size = 5', 'wal_autocheckpoint = 1']))
}

function isBusy(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)
}

process.stdin.resume()
const write = (): void => journal.write(pick([1, 1, 1, 5, 40]), { isBlind: true })
const steps = [
  write,
  write,
  write,
  write,
  write,
  write,
  checkpoint,
  checkpoint,
  longTransaction,
  longRead,
  changeSchema,
  reopen,
]
for (let step = 0; !process.stdin.readableEnded; step++) {
  try {
    if (step % 60 === 59) db.exec('VACUUM')
    else pick(steps)()
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK')
    if (!isBusy(error)) throw error
  }
  // In the meantime somebody else may have the file.
  await sleep(Math.random() * 10)
}
db.close()
