import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import type { Client, Config, InValue, Row } from '@libsql/client'
import { ServerProcess, temporaryDirectory } from '@tidemark/testkit'
import Sqlite from 'better-sqlite3'

/** A server, and a database on it of which there are replicas. */
export class ReplicaSetup implements AsyncDisposable {
  readonly #directory: ReturnType<typeof temporaryDirectory>
  readonly #args: readonly string[]
  readonly #replicas: Client[] = []
  #server: ServerProcess
  #databases = 1

  private constructor(
    directory: ReturnType<typeof temporaryDirectory>,
    server: ServerProcess,
    args: readonly string[],
  ) {
    this.#directory = directory
    this.#server = server
    this.#args = args
  }

  /** @param settings of the server */
  static async start(settings: Readonly<Record<string, unknown>> = {}): Promise<ReplicaSetup> {
    const directory = temporaryDirectory()
    const config = join(directory.path, 'config.json')
    writeFileSync(config, JSON.stringify(settings))
    const args = ['--config', config]
    const server = await ServerProcess.start(join(directory.path, 'data'), { args })
    return new ReplicaSetup(directory, server, args)
  }

  get url(): string {
    return this.#server.database(`notes${this.#databases}`)
  }

  /** Goes on with another database, and no replicas. */
  next(): void {
    this.#close()
    this.#databases += 1
  }

  /** Runs statements on the server, past any replica, in one transaction. */
  async write(...statements: string[]): Promise<void> {
    const direct = createClient({ url: `${this.url}/` })
    await direct.batch(statements, 'write')
    direct.close()
  }

  /** Opening one bootstraps it, or syncs what is there. */
  replica(name: string, config: Partial<Config> = {}): Client {
    const client = createClient({ url: `file:${this.path(name)}`, syncUrl: this.url, ...config })
    this.#replicas.push(client)
    return client
  }

  path(name: string): string {
    return join(this.#directory.path, `${name}-of-${this.#databases}.db`)
  }

  /** Place that a replica has reached, as its client keeps it. */
  place(name: string): { readonly generation: number; readonly durable_frame_num: number } {
    return JSON.parse(readFileSync(`${this.path(name)}-info`, 'utf8')) as {
      generation: number
      durable_frame_num: number
    }
  }

  walBytes(name: string): number {
    return statSync(`${this.path(name)}-wal`).size
  }

  /** The replica's files, read by another program. */
  check(name: string): unknown {
    const file = new Sqlite(this.path(name), { readonly: true })
    try {
      return file.pragma('integrity_check', { simple: true })
    } finally {
      file.close()
    }
  }

  /** Stops the server, runs `meanwhile` with the folder of the only database, starts it again on the same port. */
  async restart(meanwhile: (folder: string) => void = () => {}): Promise<void> {
    const { port } = this.#server
    const data = join(this.#directory.path, 'data')
    await this.#server.stop()
    meanwhile(join(data, 'databases', readdirSync(join(data, 'databases'))[0]!))
    this.#server = await ServerProcess.start(data, { port, args: this.#args })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
    await this.#server.stop()
    this.#directory[Symbol.dispose]()
  }

  #close(): void {
    for (const replica of this.#replicas.splice(0)) replica.close()
  }
}

/** First column of the first row. */
export async function single(client: Client, sql: string): Promise<InValue> {
  const { rows } = await client.execute(sql)
  return (rows as readonly Row[])[0]![0]!
}

export const CREATE = 'CREATE TABLE note (id INTEGER PRIMARY KEY, body)'
export const COUNT = 'SELECT count(*) FROM note'

/** Adds notes with random bytes. */
export function insert(rows: number, bytes = 10): string {
  return `WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${rows})
    INSERT INTO note (body) SELECT randomblob(${bytes}) FROM number`
}
