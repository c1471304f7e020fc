import { createRequire } from 'node:module'
import { connect } from '@tidemark/sdk-node'
import type { Database } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import type { SqlParameter } from '../rows.ts'
import type { BenchServer, ConnectOptions, Replica, Side } from './side.ts'

const require = createRequire(import.meta.url)
const versionOf = (name: string): string => (require(`${name}/package.json`) as { version: string }).version

export const tidemark: Side = {
  name: 'tidemark',
  description: `Tidemark ${versionOf('@tidemark/cli')}, this working tree, on better-sqlite3 ${versionOf('better-sqlite3')}`,

  async startServer(directory: string): Promise<BenchServer> {
    const server = await ServerProcess.start(directory)
    return { url: server.database('bench'), pid: server.pid, stop: () => server.stop() }
  },

  async connect({ path, url, durability, longPollTimeoutMs = 0 }: ConnectOptions): Promise<Replica> {
    return new TidemarkReplica(
      await connect({ path, url: url ?? (() => null), durability, longPollTimeoutMs }),
    )
  },
}

class TidemarkReplica implements Replica {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async exec(sql: string): Promise<void> {
    this.#db.exec(sql)
  }

  async runEach(
    sql: string,
    parameters: readonly SqlParameter[][],
    inOneTransaction: boolean,
  ): Promise<void> {
    const statement = this.#db.prepare(sql)
    if (inOneTransaction) this.#db.exec('BEGIN')
    for (const values of parameters) statement.run(...values)
    if (inOneTransaction) this.#db.exec('COMMIT')
  }

  async getEach(sql: string, values: readonly number[], inOneTransaction: boolean): Promise<void> {
    const statement = this.#db.prepare(sql)
    if (inOneTransaction) this.#db.exec('BEGIN')
    for (const value of values) statement.get(value)
    if (inOneTransaction) this.#db.exec('COMMIT')
  }

  async all(sql: string): Promise<unknown[][]> {
    return this.#db.prepare(sql).raw().all() as unknown[][]
  }

  async push(): Promise<void> {
    await this.#db.push()
  }

  async pull(): Promise<boolean> {
    return this.#db.pull()
  }

  async checkpoint(): Promise<void> {
    await this.#db.checkpoint()
  }

  async close(): Promise<void> {
    this.#db.close()
  }
}
