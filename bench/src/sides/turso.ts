import { join } from 'node:path'
import { TursoServer } from '@tidemark/interop/turso-server'
import { peerVersions } from '@tidemark/interop/versions'
import { connect } from '@tursodatabase/sync'
import type { SqlParameter } from '../rows.ts'
import type { BenchServer, ConnectOptions, Replica, Side } from './side.ts'

type TursoDatabase = Awaited<ReturnType<typeof connect>>
/** The part of its statements that is used here; the package declares them as `any`. */
interface TursoStatement {
  run(...parameters: SqlParameter[]): Promise<unknown>
  get(...parameters: SqlParameter[]): Promise<unknown>
  raw(): { all(): Promise<unknown[][]> }
  close(): void
}

const versions = peerVersions()

export const turso: Side = {
  name: 'turso',
  description: `Turso: @tursodatabase/sync ${versions['@tursodatabase/sync']}, tursodb ${versions['tursodb']}`,

  async startServer(directory: string): Promise<BenchServer> {
    const server = await TursoServer.start(join(directory, 'server.db'))
    return { url: server.url, pid: server.pid, stop: () => server.stop('SIGKILL') }
  },

  async connect({ path, url, durability, longPollTimeoutMs }: ConnectOptions): Promise<Replica> {
    const db = await connect({
      path,
      url: url ?? (() => null),
      ...(longPollTimeoutMs === undefined ? {} : { longPollTimeoutMs }),
    })
    await db.exec(`PRAGMA synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`)
    return new TursoReplica(db)
  },
}

class TursoReplica implements Replica {
  readonly #db: TursoDatabase

  constructor(db: TursoDatabase) {
    this.#db = db
  }

  exec(sql: string): Promise<void> {
    return this.#db.exec(sql)
  }

  async runEach(
    sql: string,
    parameters: readonly SqlParameter[][],
    inOneTransaction: boolean,
  ): Promise<void> {
    await this.#using(sql, async (statement) => {
      if (inOneTransaction) await this.#db.exec('BEGIN')
      for (const values of parameters) await statement.run(...values)
      if (inOneTransaction) await this.#db.exec('COMMIT')
    })
  }

  async getEach(sql: string, values: readonly number[], inOneTransaction: boolean): Promise<void> {
    await this.#using(sql, async (statement) => {
      if (inOneTransaction) await this.#db.exec('BEGIN')
      for (const value of values) await statement.get(value)
      if (inOneTransaction) await this.#db.exec('COMMIT')
    })
  }

  async all(sql: string): Promise<unknown[][]> {
    return this.#using(sql, (statement) => statement.raw().all())
  }

  push(): Promise<void> {
    return this.#db.push()
  }

  pull(): Promise<boolean> {
    return this.#db.pull()
  }

  checkpoint(): Promise<void> {
    return this.#db.checkpoint()
  }

  close(): Promise<void> {
    return this.#db.close()
  }

  async #using<T>(sql: string, use: (statement: TursoStatement) => Promise<T>): Promise<T> {
    const statement = (await this.#db.prepare(sql)) as TursoStatement
    try {
      return await use(statement)
    } finally {
      statement.close()
    }
  }
}
