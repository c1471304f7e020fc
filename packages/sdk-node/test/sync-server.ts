import { createServer, loadConfig } from '@tidemark/server'
import type { TidemarkServer } from '@tidemark/server'
import { Database } from '../src/index.ts'
import type { ConnectOptions } from '../src/index.ts'
import { TemporaryDirectory } from './temporary-directory.ts'

/** A real server on loopback, and clients of one database on it. All are gone when the test is. */
export class SyncServer implements AsyncDisposable {
  readonly directory: TemporaryDirectory
  readonly #flags: Readonly<Record<string, unknown>>
  readonly #clients: Database[] = []
  #server: TidemarkServer | null = null
  #port = 0

  private constructor(flags: Readonly<Record<string, unknown>>) {
    this.directory = new TemporaryDirectory()
    this.#flags = flags
  }

  static async start(flags: Readonly<Record<string, unknown>> = {}): Promise<SyncServer> {
    const server = new SyncServer(flags)
    await server.restart()
    return server
  }

  url(name = 'notes'): string {
    return `http://127.0.0.1:${this.#port}/db/${name}`
  }

  /** Stops the server, and starts it again on the same port. */
  async restart(): Promise<void> {
    await this.stop()
    const flags = {
      data: this.directory.file('server'),
      port: this.#port,
      autoCreate: true,
      workers: 1,
      logLevel: 'silent',
      // Some tests leave answers unread.
      shutdownGraceMs: 500,
      durability: 'normal',
      ...this.#flags,
    }
    this.#server = createServer(loadConfig({ flags }))
    this.#port = (await this.#server.listen()).port
  }

  async stop(): Promise<void> {
    await this.#server?.close()
    this.#server = null
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
    await this.stop()
    this.directory[Symbol.dispose]()
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
