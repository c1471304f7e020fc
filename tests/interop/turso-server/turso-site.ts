import { join } from 'node:path'
import { TapProxy, temporaryDirectory } from '@tidemark/testkit'
import { connect } from '@tidemark/sdk-node'
import type { ConnectOptions, Database } from '@tidemark/sdk-node'
import { connect as connectTurso } from '@tursodatabase/sync'
import { expect } from 'vitest'
import { TursoServer } from '../peers/turso-server.ts'

export type TursoClient = Awaited<ReturnType<typeof connectTurso>>

/**
 * A Turso server behind a tap, with its clients of both kinds, each in a file of its own. All ends with it,
 * after each Tidemark replica was found sound.
 */
export class TursoSite implements AsyncDisposable {
  readonly directory: string
  tap: TapProxy
  #server: TursoServer
  readonly #folder: Disposable
  readonly #clients: Database[] = []

  private constructor(folder: Disposable & { readonly path: string }, server: TursoServer, tap: TapProxy) {
    this.#folder = folder
    this.directory = folder.path
    this.#server = server
    this.tap = tap
  }

  static async start(): Promise<TursoSite> {
    const folder = temporaryDirectory()
    const server = await TursoServer.start(join(folder.path, 'server.db'))
    return new TursoSite(folder, server, await TapProxy.start(server.url))
  }

  get url(): string {
    return this.tap.url
  }

  /** Past the tap. */
  get serverUrl(): string {
    return this.#server.url
  }

  path(file: string): string {
    return join(this.directory, file)
  }

  /** A Tidemark client. Waits between attempts are short. */
  async client(file: string, options: Partial<ConnectOptions> = {}): Promise<Database> {
    const client = await connect({
      path: this.path(file),
      url: this.url,
      retry: { delayMs: 1 },
      ...options,
    })
    this.#clients.push(client)
    return client
  }

  async turso(file: string, options: object = {}): Promise<TursoClient> {
    return await connectTurso({ path: this.path(file), url: this.url, ...options })
  }

  /** Runs SQL on the server itself, past all clients. */
  async sql(sql: string): Promise<unknown[][]> {
    const request = { type: 'execute', stmt: { sql, args: [], want_rows: true } }
    const response = await fetch(`${this.#server.url}/v2/pipeline`, {
      method: 'POST',
      body: JSON.stringify({ baton: null, requests: [request] }),
    })
    const { results } = (await response.json()) as {
      results: { error?: { message: string }; response?: { result: { rows: { value?: unknown }[][] } } }[]
    }
    const [result] = results
    if (result?.response === undefined) throw new Error(result?.error?.message)
    return result.response.result.rows.map((row) => row.map((cell) => cell.value ?? null))
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { port } = this.#server
    await this.#server.stop(signal)
    this.#server = await TursoServer.start(this.path('server.db'), port)
  }

  /** Ends the server, puts another database in its place. */
  async replaceServer(file: string): Promise<void> {
    const { port } = this.#server
    await this.#server.stop('SIGKILL')
    this.#server = await TursoServer.start(this.path(file), port)
  }

  async stopServer(): Promise<number> {
    await this.#server.stop('SIGKILL')
    return this.#server.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const client of this.#clients) {
        if (!client.open) continue
        expect(client.pragma('integrity_check', { simple: true })).toBe('ok')
        client.close()
      }
    } finally {
      await this.tap[Symbol.asyncDispose]()
      await this.#server.stop('SIGKILL')
      this.#folder[Symbol.dispose]()
    }
  }
}

/** The rows of a query on a Turso client. */
export async function tursoRows(client: TursoClient, sql: string): Promise<unknown> {
  const statement = (await client.prepare(sql)) as { all(): Promise<unknown> }
  return await statement.all()
}

/** All rows of all tables of the application, in rowid order where there is one, values exact. */
export function contentOf(db: Database): Record<string, unknown[]> {
  const tables = db
    .prepare(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'tidemark\\_%' ESCAPE '\\'
       AND name NOT LIKE 'turso\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .pluck()
    .all() as string[]
  return Object.fromEntries(tables.map((name) => [name, rowsOf(db, name)]))
}

/** The rows of a table, sorted. */
export function rowsOf(db: Database, table: string): unknown[] {
  const columns = db.prepare(`SELECT name FROM pragma_table_info(?)`).pluck().all(table) as string[]
  const list = columns.map((_, index) => index + 1).join()
  return db.prepare(`SELECT * FROM "${table}" ORDER BY ${list}`).all()
}
