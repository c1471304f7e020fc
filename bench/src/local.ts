/** What the SDK costs over plain better-sqlite3, for work that never leaves the machine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connect } from '@tidemark/sdk-node'
import BetterSqlite3 from 'better-sqlite3'

import { compare } from './statistics.ts'

const ROUNDS = 15
const ROWS = 10_000
const SCHEMA = 'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, place TEXT, amount INTEGER, note TEXT)'
const INSERT = 'INSERT INTO item (name, place, amount, note) VALUES (?, ?, ?, ?)'

const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
const plain = new BetterSqlite3(join(directory, 'plain.db'))
plain.pragma('journal_mode = WAL')
plain.pragma('synchronous = FULL')
plain.pragma('wal_autocheckpoint = 0')
plain.exec(SCHEMA)
const synced = await connect({ path: join(directory, 'synced.db'), url: () => null, autoCheckpoint: false })
synced.exec(SCHEMA)

type Contender = Pick<BetterSqlite3.Database, 'prepare' | 'exec' | 'pragma'>
const insertAll = (db: Contender): void => {
  const insert = db.prepare(INSERT)
  db.exec('BEGIN')
  for (let i = 0; i < ROWS; i++)
    insert.run(`name of item ${i}`, 'a place with a name', i, 'some thirty characters of note')
  db.exec('COMMIT')
}
const updateAll = (db: Contender): void => {
  db.exec('BEGIN')
  const update = db.prepare('UPDATE item SET amount = amount + 1 WHERE id = ?')
  for (let i = 1; i <= ROWS; i++) update.run(i)
  db.exec('COMMIT')
}
const readAll = (db: Contender): void => {
  const read = db.prepare('SELECT * FROM item WHERE id = ?')
  for (let i = 1; i <= ROWS; i++) read.get(i)
}
const scan = (db: Contender): void => {
  db.prepare('SELECT * FROM item WHERE id <= 10000').all()
}

const works = {
  [`${ROWS} inserts, one transaction`]: insertAll,
  [`${ROWS} updates, one transaction`]: updateAll,
  [`${ROWS} point reads`]: readAll,
  [`one read of ${ROWS} rows`]: scan,
}
const versions = plain.prepare('SELECT sqlite_version()').pluck().get()
process.stdout.write(
  `Node ${process.version}, SQLite ${String(versions)}, synchronous=FULL on both, median of ${ROUNDS}\n`,
)
const contender = synced as unknown as Contender
for (const [name, work] of Object.entries(works)) {
  const times = compare(ROUNDS, { plain: () => work(plain), synced: () => work(contender) })
  const ratio = (times.synced / times.plain).toFixed(2)
  process.stdout.write(
    `${name.padEnd(34)} plain ${times.plain.toFixed(1).padStart(8)} ms   tidemark ${times.synced.toFixed(1).padStart(8)} ms   ratio ${ratio}\n`,
  )
}
plain.close()
synced.close()
rmSync(directory, { recursive: true })
