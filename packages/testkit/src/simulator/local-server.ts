import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import type Sqlite from 'better-sqlite3'
import { isTidemarkError } from '@tidemark/protocol'
import {
  Database,
  errorResponse,
  PushTarget,
  RecentPushes,
  SqlMemory,
  StreamRegistry,
} from '@tidemark/server/storage'

import { Violation } from './checks.ts'
import { contentOf } from './content.ts'
import type { Content, Reader } from './content.ts'
import { respond } from './endpoints.ts'
import type { SimulatedRequest, Tenant } from './endpoints.ts'
import { unwatched } from './file-calls.ts'
import type { Plan } from './plan.ts'
import type { Random } from './random.ts'
import type { VolatileChanges } from './volatile.ts'

/** The server has died, or its disk has: nobody gets an answer. */
export class ServerDownError extends TypeError {}

const MEGABYTE = 1024 * 1024
const DATABASE_ID = '5'.repeat(32)

const STREAMS = {
  foreignKeys: true,
  statementTimeoutMs: 5000,
  turnWaitMs: 5000,
  transactionTimeoutMs: 5000,
  transactionIdleTimeoutMs: 5000,
  streamIdleTimeoutMs: 10_000,
  maxStreams: 8,
  maxResponseBytes: 16 * MEGABYTE,
}

/**
 * One database of the real server, in this process and without sockets, so that a seed costs milliseconds and
 * whoever tests decides what happens between a commit and its answer.
 */
export class LocalServer {
  readonly #root: string
  readonly #settings: Plan['server']
  #generation = 0
  #life = 0
  #tenant: Tenant | null = null
  #isStarting = false
  /** What the database does when the answer has gone. */
  #behind: (() => void) | null = null
  /** In the middle of a request, of its start or of its end. */
  isActive = false
  /** Since its start something has failed that has not failed a request: a commit may be in the WAL alone. */
  hasProblem = false

  constructor(root: string, settings: Plan['server']) {
    this.#root = root
    this.#settings = settings
  }

  get directory(): string {
    return join(this.#root, `server-${this.#generation}`)
  }

  /** How often it was started. */
  get life(): number {
    return this.#life
  }

  get isUp(): boolean {
    return this.#tenant !== null
  }

  /** Not up, and not about to be. */
  get isDead(): boolean {
    return this.#tenant === null && !this.#isStarting
  }

  get database(): Database {
    if (this.#tenant === null) throw new ServerDownError('the server is down')
    return this.#tenant.database
  }

  /** @throws ServerDownError where it dies meanwhile */
  async start(): Promise<void> {
    const { directory } = this
    this.#life += 1
    this.hasProblem = false
    this.isActive = true
    this.#isStarting = true
    try {
      const tenant = await this.#open()
      if (this.directory === directory) this.#tenant = tenant
      else close(tenant)
    } finally {
      this.isActive = false
      this.#isStarting = false
    }
    if (this.#tenant === null) throw new ServerDownError('the server died')
  }

  async #open(): Promise<Tenant> {
    unwatched(() => mkdirSync(this.directory, { recursive: true }))
    const { checkpointFrames, historyBytes, segmentBytes } = this.#settings
    const database = await Database.open(
      this.directory,
      DATABASE_ID,
      {
        durability: 'full',
        maxDatabaseBytes: 1024 * MEGABYTE,
        retention: { bytes: historyBytes, ageMs: 1e12 },
        segmentBytes,
        checkpointFrames,
        lockWaitMs: 5000,
      },
      {
        onRestart: (reason) => {
          throw new Violation(`the server has begun its history anew: ${reason}`)
        },
        onProblem: () => {
          this.hasProblem = true
        },
        onRecordDue: (record) => {
          this.#behind = record
        },
        onCheckpointDue: (checkpoint) => checkpoint(),
        onReadersInTheWay: () => {},
        onPanic: (error) => {
          this.die()
          throw new ServerDownError(`the server's process ended: ${String(error)}`)
        },
      },
    )
    const settings = {
      maxPushBytes: 64 * MEGABYTE,
      maxBlockBytes: 32 * MEGABYTE,
      maxWalPages: this.#settings.maxWalPages,
      turnWaitMs: 1000,
      arrivalWaitMs: 1000,
      applyTimeoutMs: 1000,
    }
    const target = new PushTarget(database, DATABASE_ID, settings, new RecentPushes())
    const streams = new StreamRegistry(target, STREAMS, new SqlMemory('stored SQL', 16 * MEGABYTE))
    return { id: DATABASE_ID, database, target, streams }
  }

  /** In good order. */
  stop(): void {
    const tenant = this.#tenant
    if (tenant === null) return
    this.isActive = true
    try {
      tenant.streams.close()
      tenant.target.close()
      tenant.database.close()
    } finally {
      this.isActive = false
      this.#tenant = null
    }
  }

  /**
   * What `kill -9` leaves: a copy of the files as they are now, on which the next {@link start} works. This
   * process cannot let go of a file without SQLite noticing, so the old files are left to it.
   */
  die(): void {
    if (this.isDead) return
    const tenant = this.#tenant
    const before = this.directory
    this.#generation += 1
    const after = this.directory
    unwatched(() => spawnSync('cp', ['-a', before, after]))
    this.#tenant = null
    this.#isStarting = false
    this.#behind = null
    // The lock is a file of its own, and the copy must not be taken for locked.
    if (tenant !== null) setImmediate(() => close(tenant))
  }

  /** The same for its machine: the wal-index is gone, and `volatile` changes may be. Tells which. */
  losePower(volatile: VolatileChanges, random: Random): string[] {
    const before = this.directory
    this.die()
    return unwatched(() => {
      rmSync(join(this.directory, 'main.db-shm'), { force: true })
      return volatile.lose(before, this.directory, random)
    })
  }

  /** Copies the files as they are. */
  backUp(directory: string): void {
    spawnSync('cp', ['-a', this.directory, directory])
  }

  /** Puts a backup in the place of what is there. */
  async restore(directory: string): Promise<void> {
    this.stop()
    this.#generation += 1
    spawnSync('cp', ['-a', directory, this.directory])
    await this.start()
  }

  /** Runs what is not a request of its own: its file calls are the server's. */
  act<T>(run: () => T): T {
    this.isActive = true
    try {
      return run()
    } finally {
      this.isActive = false
    }
  }

  /** Answers like the HTTP endpoints. @throws ServerDownError */
  async answer(request: SimulatedRequest): Promise<Response> {
    if (request.path.endsWith('/tidemark')) return Response.json(INFO)
    if (this.#tenant === null) await this.start()
    const tenant = this.#tenant!
    this.isActive = true
    try {
      const bytes = await respond(tenant, request)
      if (this.#tenant !== tenant) throw new ServerDownError('the server died')
      // The answer has gone: what happens to the server now is not seen by who gets it.
      this.#behind?.()
      this.#behind = null
      return new Response(bytes, { headers: { 'content-type': 'application/protobuf' } })
    } catch (error) {
      if (this.#tenant !== tenant) throw new ServerDownError('the server died', { cause: error })
      if (!isTidemarkError(error) && !(error instanceof Error && 'code' in error)) throw error
      this.#noteFailure(error)
      const { status, headers, body: said } = errorResponse(error)
      return Response.json(said, { status, headers })
    } finally {
      this.isActive = false
    }
  }

  content(): Content {
    return this.read(contentOf)
  }

  /** Reads the state as of the last commit. */
  read<T>(run: (db: Reader) => T): T {
    const { database } = this
    const connection = database.acquireConnection()
    try {
      return run(connection)
    } finally {
      database.releaseConnection(connection)
    }
  }

  /** SQL of a client that does not sync, as over HTTP: triggers fire. */
  write(run: (db: Sqlite.Database) => void): void {
    const { database } = this
    const connection = database.acquireConnection()
    try {
      database.history.beginEpoch()
      connection.pragma('foreign_keys = ON')
      connection.exec('BEGIN IMMEDIATE')
      run(connection)
      connection.exec('COMMIT')
    } finally {
      if (connection.inTransaction) connection.exec('ROLLBACK')
      database.releaseConnection(connection)
      database.recordCommits()
    }
  }

  /** As a worker does. */
  #noteFailure(error: unknown): void {
    if (!isTidemarkError(error) || error.code !== 'TIDEMARK_HISTORY_DAMAGED') return
    this.database.discardHistory()
    this.stop()
  }
}

/** Lets go of what a server that has died had open: its files are nobody's any more. */
function close({ streams, database }: Tenant): void {
  try {
    unwatched(() => {
      streams.close()
      database.close()
    })
  } catch {
    // Nobody is left to be told.
  }
}

const INFO = {
  tidemark: 1,
  version: '0.0.0',
  database: 'simulated',
  features: [
    'pull-deltas',
    'push-changes',
    'conflict-detection',
    'page-hashes',
    'long-poll',
    'page-selector',
  ],
  limits: { max_push_bytes: 64 * MEGABYTE, max_wal_pages: 100_000 },
}
