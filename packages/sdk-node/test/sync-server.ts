import { randomBytes } from 'node:crypto'
import type { TidemarkServer } from '@tidemark/server'
import { inject } from 'vitest'
import { Database } from '../src/index.ts'
import type { ConnectOptions } from '../src/index.ts'
import { testServer } from './server-of-the-run.ts'
import { TemporaryDirectory } from './temporary-directory.ts'

/**
 * The server of this run, with databases that nobody else knows, and clients of them. The clients and their
 * files are gone when the test is.
 */
export class SyncServer implements AsyncDisposable {
  readonly directory = new TemporaryDirectory()
  readonly #suffix = randomBytes(6).toString('hex')
  readonly #clients: Database[] = []

  url(name = 'notes'): string {
    return `${this.origin}/db/${name}-${this.#suffix}`
  }

  protected get origin(): string {
    return inject('serverUrl')
  }

  /** A connected client whose file is named `name`. It never waits long, and retries little. */
  async client(name: string, options: Partial<ConnectOptions> = {}): Promise<Database> {
    const db = this.open(name, options)
    await db.connect()
    return db
  }

  open(name: string, options: Partial<ConnectOptions> = {}): Database {
    const db = new Database({
      path: this.directory.file(name),
      url: this.url(),
      retry: { attempts: 3, delayMs: 1 },
      ...options,
    })
    this.#clients.push(db)
    return db
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close()
    this.directory[Symbol.dispose]()
  }
}

/** A server that the test stops, or that has settings of its own. */
export class OwnSyncServer extends SyncServer {
  readonly data = new TemporaryDirectory()
  readonly #flags: Readonly<Record<string, unknown>>
  #server: TidemarkServer | null = null
  #port = 0

  private constructor(flags: Readonly<Record<string, unknown>>) {
    super()
    this.#flags = flags
  }

  static async start(flags: Readonly<Record<string, unknown>> = {}): Promise<OwnSyncServer> {
    const server = new OwnSyncServer(flags)
    await server.restart()
    return server
  }

  protected override get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Stops the server, and starts it again on the same port. */
  async restart(): Promise<void> {
    await this.stop()
    this.#server = testServer(this.data.path, { port: this.#port, ...this.#flags })
    this.#port = (await this.#server.listen()).port
  }

  async stop(): Promise<void> {
    await this.#server?.close()
    this.#server = null
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    await this.stop()
    this.data[Symbol.dispose]()
  }
}

/** All rows of all user tables, so that databases can be compared. */
export function contentOf(db: Database): Record<string, unknown[]> {
  const names = db
    .prepare<[], string>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
       AND name NOT LIKE 'tidemark\\_%' ESCAPE '\\' AND name NOT LIKE 'turso\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .pluck()
    .all()
  return Object.fromEntries(
    names.map((name) => [
      name,
      db
        .prepare(`SELECT * FROM "${name.replaceAll('"', '""')}" ORDER BY 1`)
        .safeIntegers()
        .all(),
    ]),
  )
}
