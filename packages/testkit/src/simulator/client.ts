import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import Sqlite from 'better-sqlite3'
import { isBaseDamaged, readSyncState } from '@tidemark/engine'
import type { ReplicaInfo } from '@tidemark/engine'
import { Database } from '@tidemark/sdk-node'
import type { Row } from '@tidemark/sdk-node'

import { rowsBetweenDrops } from './column-drops.ts'
import { contentOf, ownRowsOf } from './content.ts'
import type { Content, Reader } from './content.ts'
import { DamagingFetch } from './damaging-fetch.ts'
import { unwatched } from './file-calls.ts'
import { Line } from './network.ts'
import type { FaultEffects } from './network.ts'
import type { LocalServer } from './local-server.ts'
import type { ClientPlan } from './plan.ts'
import type { Random } from './random.ts'
import { resolutionOf } from './resolutions.ts'
import type { Table } from './tables.ts'
import type { VolatileChanges } from './volatile.ts'

export interface ClientOptions {
  readonly name: string
  /** Owns the rows in its range; nobody else touches them. */
  readonly writer: number
  readonly root: string
  readonly plan: ClientPlan
  readonly server: LocalServer
  readonly tables: readonly Table[]
  readonly log: (text: string) => void
}

/** One replica in a folder of its own, through the SDK, and what is known of its files. */
export class Client {
  readonly name: string
  readonly writer: number
  readonly plan: ClientPlan
  readonly line: Line
  /** What the server sends, damaged or not. */
  readonly pages: DamagingFetch
  /** The tables that it writes to. */
  readonly tables: Table[]
  /** Tags of the transactions that its files have had. */
  readonly tags = new Set<string>()
  /**
   * Another program has checkpointed its file: after a crash the base cannot be told from what came later,
   * and is fetched again.
   */
  mayLoseBase = false
  /**
   * A power loss has taken commits that were not on disk, if there were any, and {@link noteLostCommits} does
   * not know yet.
   */
  hasLostCommits = false
  /** False: a copy of its files has changes of its rows in its queue. */
  isSoleOwner = true
  /** Its own rows in each table, as it has left them; null: not known until it has synced. */
  own: Map<string, string | null> | null = null
  /** The last backup of its files. */
  backup: {
    readonly directory: string
    readonly tags: ReadonlySet<string>
    /** Those that were in the queue. */
    readonly pending: readonly string[]
  } | null = null
  /** Pulls applied and rebases since somebody set it to 0. */
  pulls = 0
  /** How often it was taken for a copy of another. */
  forks = 0
  /** How often it took the server to have lost what that had acknowledged. */
  rollbacks = 0
  /** Changes that the server has refused, since the same. */
  rejections = 0
  /** The last of them. */
  refused: number | null = null
  /** The server's revision when both held the same, and of its own pushes since, while nobody else has written. */
  level: string | null = null
  readonly #root: string
  #generation = 0
  #db: Database | null = null

  constructor(options: ClientOptions, effects: FaultEffects) {
    this.name = options.name
    this.writer = options.writer
    this.plan = options.plan
    this.tables = [...options.tables]
    this.#root = options.root
    this.line = new Line(options.server, effects, options.log)
    this.pages = new DamagingFetch(this.line.fetch)
    mkdirSync(this.directory)
  }

  get directory(): string {
    return join(this.#root, `${this.name}-${this.#generation}`)
  }

  get path(): string {
    return join(this.directory, 'c.db')
  }

  get db(): Database {
    if (this.#db === null) throw new Error(`${this.name} is closed`)
    return this.#db
  }

  get isOpen(): boolean {
    return this.#db !== null
  }

  async open(): Promise<void> {
    this.#db = await this.second()
  }

  /** Another object on the same files. The caller closes it. */
  async second(): Promise<Database> {
    const { detectConflicts, conflictResolution, autoCheckpointPages } = this.plan
    const { pushOperationsThreshold, pullBytesThreshold } = this.plan
    const db = new Database({
      path: this.path,
      url: 'http://simulated/db/it',
      fetch: this.pages.fetch,
      retry: { attempts: 2, wait: async () => undefined },
      detectConflicts,
      conflictResolution: resolutionOf(conflictResolution),
      autoCheckpoint: autoCheckpointPages,
      durability: this.plan.durability,
      existing: this.plan.existing ?? 'refuse',
      onRejected: this.plan.onRejected,
      ...(pushOperationsThreshold === null ? {} : { pushOperationsThreshold }),
      ...(pullBytesThreshold === null ? {} : { pullBytesThreshold }),
    })
    db.on('pull', () => (this.pulls += 1))
    db.on('rebased', () => (this.pulls += 1))
    db.on('forked', () => (this.forks += 1))
    db.on('rollback', () => (this.rollbacks += 1))
    db.on('rejected', ({ changeId }) => {
      this.rejections += 1
      this.refused = changeId
    })
    try {
      await connect(db)
    } catch (error) {
      db.close()
      throw error
    }
    db.pragma(`foreign_keys = ${this.plan.foreignKeys ? 'ON' : 'OFF'}`)
    db.pragma(`recursive_triggers = ${this.plan.recursiveTriggers ? 'ON' : 'OFF'}`)
    return db
  }

  /**
   * Changes what a connection has for itself, as an application may at any time. Foreign keys stay: rows that
   * lack their parents are refused once they are on.
   */
  changeSettings(random: Random): void {
    this.db.pragma(`recursive_triggers = ${random.chance(50) ? 'ON' : 'OFF'}`)
  }

  close(): void {
    this.#db?.close()
    this.#db = null
  }

  /**
   * Copies the files as they are into the next generation's folder, in which the replica can be opened again.
   * Files keep their times, to the nanosecond.
   */
  fork(directory: string): void {
    unwatched(() => spawnSync('cp', ['-a', this.directory, directory]))
  }

  /** What is left of the process when it dies now: its files. Nothing that it still does counts. */
  die(): void {
    if (this.line.isDead) return
    this.line.isDead = true
    this.fork(this.#next)
  }

  /** The same for its machine: the wal-index is gone, and `volatile` changes may be. Tells which. */
  losePower(volatile: VolatileChanges, random: Random): string[] {
    this.die()
    this.hasLostCommits = this.plan.durability === 'normal'
    return unwatched(() => {
      const commits = this.hasLostCommits ? volatile.loseCommits(this.directory, this.#next, random) : []
      rmSync(join(this.#next, 'c.db-shm'), { force: true })
      return [...commits, ...volatile.lose(this.directory, this.#next, random)]
    })
  }

  get #next(): string {
    return join(this.#root, `${this.name}-${this.#generation + 1}`)
  }

  /** Opens what {@link die} has left. */
  async revive(): Promise<void> {
    await this.moveTo(null)
  }

  /** Goes on with the files of a folder, null: those of the next generation. What was there before is gone. */
  async moveTo(directory: string | null): Promise<void> {
    this.takeOver(directory)
    await this.open()
  }

  /** The same, and nobody has opened them yet. */
  takeOver(directory: string | null): void {
    const before = this.directory
    try {
      this.close()
    } catch {
      // It is dead.
    }
    rmSync(before, { recursive: true, force: true })
    this.#db = null
    this.#generation += 1
    if (directory !== null) spawnSync('cp', ['-a', directory, this.directory])
    this.line.isDead = false
  }

  /** Another program with the file open. */
  withOutsider<T>(run: (db: Sqlite.Database) => T): T {
    const outsider = new Sqlite(this.path, { timeout: 0 })
    try {
      return run(outsider)
    } finally {
      outsider.close()
    }
  }

  content(): Content {
    return contentOf(this.db)
  }

  ownRows(db: Reader = this.db): Map<string, string | null> {
    const rows = this.tables.map((table) => [table.name, ownRowsOf(db, table, this.writer)] as const)
    return new Map([...rows, ['columns', rowsBetweenDrops(db, this.writer)]])
  }

  /** As its files have it. */
  get syncState(): ReplicaInfo {
    return readSyncState(this.path, this.db)
  }

  get revision(): string {
    return this.syncState.revision
  }

  /** Tags of the transactions in its queue. */
  async pendingTags(): Promise<string[]> {
    const changes = await this.db.pending({ table: 'journal', limit: 100_000 })
    return changes.flatMap((change) =>
      change.kind === 'insert' && change.after !== null ? [tagOf(change.after)] : [],
    )
  }

  /** Whether a table is to be dropped that others may write to. */
  dropsTables(): boolean {
    const drops = "SELECT 1 FROM tidemark_cdc WHERE change_type = 3 AND a0 LIKE 'DROP TABLE%' LIMIT 1"
    return this.db.prepare(drops).get() !== undefined
  }

  async pending(): Promise<number> {
    return (await this.db.stats()).cdcOperations
  }
}

/** As an application does: what a server has damaged is downloaded again. */
async function connect(db: Database): Promise<void> {
  try {
    await db.connect()
  } catch (error) {
    if (!isBaseDamaged(error)) throw error
    await db.reset()
  }
}

/** The tag of a line of the journal. */
export function tagOf(row: Row | null): string {
  const tag = row?.['tag']
  return typeof tag === 'string' ? tag : ''
}
