import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import Sqlite from 'better-sqlite3'
import type { Database } from '@tursodatabase/sync'

import { ownRowsOf } from '../content.ts'
import type { Reader } from '../content.ts'
import { unwatched } from '../file-calls.ts'
import type { LocalServer } from '../local-server.ts'
import { Line } from '../network.ts'
import type { Table } from '../tables.ts'
import type { TursoClientPlan } from './turso-plan.ts'

export interface TursoClientOptions {
  readonly name: string
  /** Owns the rows in its range; nobody else touches them. */
  readonly writer: number
  readonly root: string
  readonly plan: TursoClientPlan
  readonly server: LocalServer
  /** Those that it writes to. */
  readonly tables: readonly Table[]
  readonly log: (text: string) => void
}

/**
 * One of Turso's own clients (`@tursodatabase/sync`) on the simulated server. Its files are native: only its
 * requests can be struck.
 */
export class TursoClient {
  readonly name: string
  readonly writer: number
  readonly line: Line
  readonly tables: readonly Table[]
  /** Its own rows in each table, as it has left them. */
  own: ReadonlyMap<string, string | null> = new Map()
  /** It has committed something since its last push that succeeded. */
  hasPending = false
  readonly #plan: TursoClientPlan
  readonly #directory: string
  #db: Database | null = null

  constructor({ name, writer, root, plan, server, tables, log }: TursoClientOptions) {
    this.name = name
    this.writer = writer
    this.tables = tables
    this.#plan = plan
    this.#directory = join(root, name)
    mkdirSync(this.#directory)
    // Request faults that need the application or the process on this side are not in its plans.
    this.line = new Line(server, { write: () => {}, die: () => {} }, log)
  }

  get db(): Database {
    if (this.#db === null) throw new Error(`${this.name} is closed`)
    return this.#db
  }

  async open(): Promise<void> {
    // Loads native code, which plans without such a client can do without.
    const { connect } = await import('@tursodatabase/sync')
    const { pushOperationsThreshold, pullBytesThreshold } = this.#plan
    this.#db = await connect({
      path: join(this.#directory, 't.db'),
      url: 'http://simulated/db/it',
      fetch: this.line.fetch,
      // Others have such tables.
      experimental: ['without_rowid'],
      ...(pushOperationsThreshold === null ? {} : { pushOperationsThreshold }),
      ...(pullBytesThreshold === null ? {} : { pullBytesThreshold }),
    })
  }

  async close(): Promise<void> {
    await this.#db?.close()
    this.#db = null
  }

  /** What is committed, as SQLite reads it in a copy of the files: the client cannot hide anything from it. */
  read<T>(run: (db: Reader) => T): T {
    const copy = `${this.#directory}-read`
    return unwatched(() => {
      mkdirSync(copy)
      try {
        for (const file of ['t.db', 't.db-wal'])
          if (existsSync(join(this.#directory, file)))
            copyFileSync(join(this.#directory, file), join(copy, file))
        const db = new Sqlite(join(copy, 't.db'))
        try {
          return run(db)
        } finally {
          db.close()
        }
      } finally {
        rmSync(copy, { recursive: true })
      }
    })
  }

  ownRows(): ReadonlyMap<string, string | null> {
    return this.read((db) => new Map(this.tables.map((t) => [t.name, ownRowsOf(db, t, this.writer)])))
  }
}
