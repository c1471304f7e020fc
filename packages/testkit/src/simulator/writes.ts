import Sqlite from 'better-sqlite3'
import type { Database } from '@tidemark/sdk-node'

import type { Client } from './client.ts'
import { columnDrop } from './column-drops.ts'
import { journalsOf, ownRowsOf } from './content.ts'
import { linesAdded } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import type { LocalServer } from './local-server.ts'
import { isRefusedBySqlite } from './outcomes.ts'
import { Random } from './random.ts'
import { schemaChange } from './schema-changes.ts'
import { transactionOf } from './statements.ts'
import type { Manner } from './statements.ts'
import { journalRebuild } from './table-rebuilds.ts'
import type { Table, TableKind } from './tables.ts'

/** The writer of what is written to the server by SQL. */
export const SERVER_WRITER = 90

type Writable = Pick<Sqlite.Database, 'prepare' | 'exec'>

export interface WritesOptions {
  readonly log: string[]
  readonly ledger: Ledger
  readonly server: LocalServer
  /** Tables that everybody writes to. */
  readonly common: readonly Table[]
  /** Of new tables. */
  readonly kinds: readonly TableKind[]
  readonly manner: Manner
}

/** Everything that is written, by whomever, and what is written down of it. */
export class Writes {
  /** Tag of the next transaction. */
  tag = ''
  /** Writes in the middle of something else. */
  effects = 0
  /** What the server's own writer has left. */
  readonly serverRows = new Map<string, string | null>()
  readonly #log: string[]
  readonly #ledger: Ledger
  readonly #server: LocalServer
  readonly #common: readonly Table[]
  readonly #kinds: readonly TableKind[]
  readonly #manner: Manner

  constructor({ log, ledger, server, common, kinds, manner }: WritesOptions) {
    this.#log = log
    this.#ledger = ledger
    this.#server = server
    this.#common = common
    this.#kinds = kinds
    this.#manner = manner
  }

  onClient(client: Client, db: Writable, writer: number, seed: number, suffix: string = ''): void {
    const random = new Random(seed)
    const tag = `${this.tag}${suffix}`
    const { isContested, isDaring } = this.#manner
    const statements = transactionOf({ random, writer, tag, tables: client.tables, isContested, isDaring })
    const isLoose = random.chance(25)
    this.#commit(client, db, tag, statements, isLoose)
    if (client.own !== null) client.own = client.ownRows(db)
  }

  /** Runs the statements and writes down what they left in the journals. Constraints are part of the game. */
  #commit(
    client: Client,
    db: Writable,
    tag: string,
    statements: readonly string[],
    isLoose: boolean,
  ): boolean {
    const before = isLoose ? journalsOf(db) : new Map<string, number>()
    let lines = before
    try {
      if (isLoose) {
        for (const sql of statements) {
          this.attempt(db, sql)
          // A table may be gone with a power loss: then the statement's savepoint is still open.
          if ((db as Partial<Database>).inTransaction === true) db.exec('ROLLBACK')
        }
      } else {
        db.exec('BEGIN IMMEDIATE')
        lines = journalsOf(db)
        for (const sql of statements) {
          this.#log.push(`    ${sql}`)
          db.exec(sql)
        }
        lines = linesAdded(lines, journalsOf(db))
        db.exec('COMMIT')
      }
    } catch (error) {
      if (!isRefusedBySqlite(error)) throw error
      this.#log.push(`    rolled back: ${String(error)}`)
      if ((db as Partial<Database>).inTransaction === true) db.exec('ROLLBACK')
      this.#ledger.neverCommitted(tag)
      return false
    }
    if (isLoose) lines = linesAdded(before, journalsOf(db))
    this.#ledger.committed(tag, lines, isLoose)
    if (db instanceof Sqlite && client.plan.onRejected === 'quarantine') this.#ledger.mayBeSetAsideInPart(tag)
    client.tags.add(tag)
    return true
  }

  attempt(db: Writable, sql: string): void {
    this.#log.push(`    ${sql}`)
    try {
      db.exec(sql)
    } catch (error) {
      if (!isRefusedBySqlite(error)) throw error
      this.#log.push(`    ${String(error)}`)
    }
  }

  changeSchema(client: Client, db: Writable, seed: number): void {
    const random = new Random(seed)
    const change = schemaChange(random, this.tag, client.tables, this.#common.length, this.#kinds)
    const journal = `INSERT INTO journal(tag) VALUES ('${this.tag}')`
    const isPragma = change.sql.startsWith('PRAGMA')
    const statements = random.chance(50) ? [journal, change.sql] : [change.sql, journal]
    if (!this.#commit(client, db, this.tag, statements, isPragma || random.chance(30))) return
    client.tables.splice(0, client.tables.length, ...change.tables)
    if (client.own !== null) client.own = client.ownRows(db)
  }

  dropColumn(client: Client, db: Writable, seed: number): void {
    const random = new Random(seed)
    const statements = columnDrop(random, db, client.writer, this.tag)
    this.#commit(client, db, this.tag, statements, random.chance(30))
    if (client.own !== null) client.own = client.ownRows(db)
  }

  rebuildJournal(client: Client, db: Writable): void {
    this.#commit(client, db, this.tag, journalRebuild(this.tag), false)
  }

  onServer(seed: number): void {
    const random = new Random(seed)
    const tag = this.tag
    const { isContested, isDaring } = this.#manner
    const statements = transactionOf({
      random,
      writer: SERVER_WRITER,
      tag,
      tables: this.#common,
      isContested,
      isDaring,
    })
    let lines = new Map<string, number>()
    try {
      this.#server.write((db) => {
        const before = journalsOf(db)
        for (const sql of statements) {
          this.#log.push(`    ${sql}`)
          db.exec(sql)
        }
        lines = linesAdded(before, journalsOf(db))
      })
    } catch (error) {
      if (!isRefusedBySqlite(error)) throw error
      this.#log.push(`    rolled back: ${String(error)}`)
      this.#ledger.neverCommitted(tag)
      return
    }
    this.#ledger.committed(tag, lines)
    this.#server.read((db) => {
      for (const table of this.#common) this.serverRows.set(table.name, ownRowsOf(db, table, SERVER_WRITER))
    })
  }

  /** Another program writes in the middle of a sync operation, if it gets the lock. Its rows are nobody's. */
  slipIn(client: Client, seed: number): void {
    this.effects += 1
    const random = new Random(seed)
    const tag = `${this.tag}x${this.effects}`
    const { isContested, isDaring } = this.#manner
    const statements = transactionOf({ random, writer: 0, tag, tables: this.#common, isContested, isDaring })
    client.withOutsider((db) => this.#commit(client, db, tag, statements, false))
  }
}
