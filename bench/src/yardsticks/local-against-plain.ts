import { join } from 'node:path'
import { connect } from '@tidemark/sdk-node'
import BetterSqlite3 from 'better-sqlite3'
import { INSERT, itemRows, SCHEMA } from '../rows.ts'
import { takeTurns, timeOf } from '../statistics.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const ROUNDS = 9
const ROWS = 10_000

/** What both are used as: better-sqlite3's database, with and without capture. */
type Local = Pick<BetterSqlite3.Database, 'prepare' | 'exec'>

/** Rows without ids, so that every round can insert them. */
const rows = itemRows(1, ROWS).map(([, ...row]) => [null, ...row])

function insert(db: Local): void {
  const statement = db.prepare(INSERT)
  db.exec('BEGIN')
  for (const row of rows) statement.run(...row)
  db.exec('COMMIT')
}

function update(db: Local): void {
  const statement = db.prepare('UPDATE item SET amount = amount + 1 WHERE id = ?')
  db.exec('BEGIN')
  for (let id = 1; id <= ROWS; id++) statement.run(id)
  db.exec('COMMIT')
}

function read(db: Local): void {
  const statement = db.prepare('SELECT * FROM item WHERE id = ?')
  for (let id = 1; id <= ROWS; id++) statement.get(id)
}

function scan(db: Local): void {
  db.prepare('SELECT * FROM item').all()
}

function againstPlain(name: string, work: (db: Local) => void): Yardstick {
  return {
    name: `${name}, local`,
    against: 'plain better-sqlite3 without capture',
    durability: 'full',
    maxRatio: null,

    async measure(directory: string): Promise<Measured> {
      const plain = new BetterSqlite3(join(directory, 'plain.db'))
      plain.pragma('journal_mode = WAL')
      plain.pragma('synchronous = FULL')
      plain.pragma('wal_autocheckpoint = 0')
      const path = join(directory, 'synced.db')
      const synced = await connect({ path, url: () => null, durability: 'full', autoCheckpoint: false })
      const contenders = [synced as unknown as Local, plain] as const
      for (const db of contenders) {
        db.exec(SCHEMA)
        if (work !== insert) insert(db)
      }
      const [tidemark, yardstick] = await takeTurns(
        ROUNDS,
        () => timeOf(() => work(contenders[0])),
        () => timeOf(() => work(contenders[1])),
      )
      plain.close()
      synced.close()
      return { unit: 'ms', tidemark, yardstick }
    },
  }
}

const count = ROWS.toLocaleString('en')

export const localAgainstPlain: readonly Yardstick[] = [
  againstPlain(`${count} inserts in one transaction`, insert),
  againstPlain(`${count} updates in one transaction`, update),
  againstPlain(`${count} point reads`, read),
  againstPlain(`one read of ${count} rows`, scan),
]
