import { writeSync } from 'node:fs'

import type BetterSqlite3 from 'better-sqlite3'

/** The tables in which the writers of these tests leave what tells afterwards whether all of it is there, and once. */
export const SCHEMA = `CREATE TABLE entry (id TEXT PRIMARY KEY, body TEXT, flag INTEGER DEFAULT 0);
  CREATE TABLE line (word TEXT);
  CREATE TABLE tally (writer TEXT PRIMARY KEY, n INTEGER NOT NULL)`

/** What writes: an SDK database, or better-sqlite3's. */
export type Writable = Pick<BetterSqlite3.Database, 'prepare' | 'exec'>

/**
 * One writer's side of it. A line has no key: applied twice, it is there twice. An entry comes with each
 * line, in one transaction. A tally counts the writer's transactions: what is lost or overwritten is missing
 * in it. Each transaction that has returned is written to the standard output.
 */
export class JournalWriter {
  readonly #connection: () => Writable
  readonly #name: string
  #next = 0

  /** @param connection gives the one that is open now */
  constructor(connection: () => Writable, name: string) {
    this.#connection = connection
    this.#name = name
  }

  /**
   * @param isBlind what is written does not depend on what is there: as it must be where the writer may see
   * the server's revision without what is pending here, between the two commits of a pull
   * (docs/adr/0001-frames-into-a-live-wal.md)
   * @throws SqliteError; nothing is written then
   */
  write(rows: number = 1, { isBlind }: { readonly isBlind: boolean } = { isBlind: false }): void {
    const word = `${this.#name}.${this.#next}`
    const db = this.#connection()
    db.exec('BEGIN IMMEDIATE')
    try {
      for (let row = 0; row < rows; row++) {
        db.prepare('INSERT INTO entry (id, body) VALUES (?, ?)').run(
          `${word}.${row}`,
          'x'.repeat(Math.floor(Math.random() * 1500)),
        )
        db.prepare('INSERT INTO line (word) VALUES (?)').run(`${word}.${row}`)
      }
      if (!isBlind) this.#change(db)
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
    this.#next += 1
    writeSync(1, `${word}.${rows}\n`)
  }

  #change(db: Writable): void {
    // Later changes of rows that are there already, of which some have been pushed.
    const old = Math.floor(Math.random() * (this.#next + 1))
    db.prepare('UPDATE entry SET flag = flag + 1 WHERE id = ?').run(`${this.#name}.${old}.0`)
    if (this.#next % 3 === 2) {
      db.prepare('DELETE FROM line WHERE word = ?').run(`${this.#name}.${this.#next - 2}.0`)
      db.prepare('INSERT INTO line (word) VALUES (?)').run(`again.${this.#name}.${this.#next - 2}.0`)
    }
    db.prepare('INSERT INTO tally VALUES (?, 1) ON CONFLICT (writer) DO UPDATE SET n = n + 1').run(this.#name)
  }
}

/**
 * What is wrong with the journals in `db`, given the transactions that are known to have been committed. A
 * writer that was killed may have committed one more than it could say.
 */
export function journalFaults(db: Writable, acknowledged: readonly string[]): string[] {
  const faults: string[] = []
  const entries = db.prepare('SELECT id FROM entry').pluck().all() as string[]
  const lines = db.prepare('SELECT word FROM line').pluck().all() as string[]
  const words = lines.map((word) => word.replace('again.', ''))
  const there = new Set(entries)
  const twice = words.filter((word, index) => words.indexOf(word) !== index)
  if (twice.length > 0) faults.push(`twice: ${twice.slice(0, 5).join(' ')}`)
  const apart = [...words.filter((word) => !there.has(word)), ...entries.filter((id) => !words.includes(id))]
  if (apart.length > 0)
    faults.push(`without the other half of the transaction: ${apart.slice(0, 5).join(' ')}`)
  const counts = new Map<string, number>()
  for (const said of acknowledged) {
    const [writer, transaction, rows] = said.split('.') as [string, string, string]
    counts.set(writer, (counts.get(writer) ?? 0) + 1)
    for (let row = 0; row < Number(rows); row++) {
      if (!there.has(`${writer}.${transaction}.${row}`)) faults.push(`lost: ${writer}.${transaction}.${row}`)
    }
  }
  for (const [writer, count] of counts) {
    const n = db.prepare('SELECT n FROM tally WHERE writer = ?').pluck().get(writer) as number | undefined
    if (n !== undefined && n !== count && n !== count + 1)
      faults.push(`${writer} has written ${count} times, its tally says ${n}`)
  }
  return faults
}
