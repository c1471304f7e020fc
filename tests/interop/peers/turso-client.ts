import { join } from 'node:path'
import { connect } from '@tursodatabase/sync'
import type { Database, DatabaseOpts } from '@tursodatabase/sync'
import { ServerProcess, temporaryDirectory } from '@tidemark/testkit'
import type { ServerProcessOptions } from '@tidemark/testkit'
import { afterAll, expect } from 'vitest'
import { freshDatabase } from './fresh-database.ts'
import { serverQuery } from './server-sql.ts'
import { tableContents } from './table-contents.ts'
import type { Query, TaggedValue } from './table-contents.ts'

interface TursoStatement {
  raw(isRaw: boolean): TursoStatement
  safeIntegers(isSafe: boolean): TursoStatement
  all(...parameters: unknown[]): Promise<unknown[][]>
  run(...parameters: unknown[]): Promise<unknown>
}

/** One remote database with Turso's clients on it. */
export class TursoClients {
  readonly url: string
  readonly folder: string
  readonly #name: string
  readonly #open = new Set<Database>()
  #count = 0

  constructor(folder: string, url: string, name: string) {
    this.folder = folder
    this.url = url
    this.#name = name
  }

  /** What the server holds. */
  get remote(): Query {
    return serverQuery(this.url)
  }

  /** A client with files of its own, unless `path` is given. */
  async connect(options: Partial<DatabaseOpts> = {}): Promise<Database> {
    const client = await connect({ path: this.path(), url: this.url, ...options })
    this.#open.add(client)
    return client
  }

  /** Two clients, and the statements of `schema` already in both. */
  async pair(schema: string, options: Partial<DatabaseOpts> = {}): Promise<[Database, Database]> {
    const first = await this.connect()
    await first.exec(schema)
    await first.push()
    return [await this.connect(options), await this.connect(options)]
  }

  /** For a database that does not exist yet. */
  path(): string {
    this.#count += 1
    return join(this.folder, `${this.#name}-${this.#count}.db`)
  }

  async close(client: Database): Promise<void> {
    this.#open.delete(client)
    await client.close()
  }

  async closeAll(): Promise<void> {
    for (const client of this.#open) await this.close(client)
  }
}

/** Databases on the server of this run that only the calling file knows. Their clients are closed after its tests. */
export function tidemarkOfTheRun(): { database(): TursoClients } {
  const directory = temporaryDirectory()
  const databases: TursoClients[] = []
  afterAll(async () => {
    for (const database of databases) await database.closeAll()
    directory[Symbol.dispose]()
  })
  return {
    database() {
      const database = new TursoClients(directory.path, freshDatabase(), `db${databases.length + 1}`)
      databases.push(database)
      return database
    },
  }
}

/** A server that a file of tests stops, or that has settings of its own; each test takes a database. */
export class TidemarkForTurso implements AsyncDisposable {
  readonly #directory: ReturnType<typeof temporaryDirectory>
  readonly #options: ServerProcessOptions
  readonly #databases: TursoClients[] = []
  #server: ServerProcess

  private constructor(
    directory: ReturnType<typeof temporaryDirectory>,
    options: ServerProcessOptions,
    server: ServerProcess,
  ) {
    this.#directory = directory
    this.#options = options
    this.#server = server
  }

  static async start(options: ServerProcessOptions = {}): Promise<TidemarkForTurso> {
    const directory = temporaryDirectory()
    const server = await ServerProcess.start(join(directory.path, 'data'), options)
    return new TidemarkForTurso(directory, options, server)
  }

  database(): TursoClients {
    const name = `db${this.#databases.length + 1}`
    const database = new TursoClients(this.#directory.path, this.#server.database(name), name)
    this.#databases.push(database)
    return database
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#server.stop(signal)
  }

  /** Serves the same data at the same address. */
  async startAgain(): Promise<void> {
    const { port } = this.#server
    this.#server = await ServerProcess.start(join(this.#directory.path, 'data'), { ...this.#options, port })
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.stop(signal)
    await this.startAgain()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const database of this.#databases) await database.closeAll()
    await this.#server.stop()
    this.#directory[Symbol.dispose]()
  }
}

/** The rows of a query on a Turso client's file, as arrays. */
export async function tursoRows(
  client: Database,
  sql: string,
  ...parameters: unknown[]
): Promise<unknown[][]> {
  const statement = (await client.prepare(sql)) as TursoStatement
  return statement
    .raw(true)
    .safeIntegers(true)
    .all(...parameters)
}

/** Runs one statement with parameters. */
export async function tursoRun(client: Database, sql: string, ...parameters: unknown[]): Promise<void> {
  await ((await client.prepare(sql)) as TursoStatement).run(...parameters)
}

/** All rows that the client sees. */
export async function tursoContents(client: Database): Promise<Record<string, TaggedValue[][]>> {
  return tableContents((sql) => tursoRows(client, sql))
}

/** Pulls on each client, and holds what it then sees against what the server has; gives those rows. */
export async function expectConverged(
  remote: Query,
  clients: readonly Database[],
): Promise<Record<string, TaggedValue[][]>> {
  const held = await tableContents(remote)
  for (const client of clients) {
    await client.pull()
    expect(await tursoContents(client)).toEqual(held)
  }
  return held
}
