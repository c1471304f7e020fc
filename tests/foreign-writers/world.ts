import { join } from 'node:path'

import { connect, isTidemarkError } from '@tidemark/sdk-node'
import type { Database } from '@tidemark/sdk-node'
import { contentOf, differences, ServerProcess, temporaryDirectory } from '@tidemark/testkit'

import { journalFaults, SCHEMA } from './journal.ts'

/** How long the tests that hammer go on. */
export const SECONDS = Number(process.env['TIDEMARK_FOREIGN_SECONDS'] ?? '1')

/** A server and a folder, for all tests of a file; each test has a database of its own. */
export class World implements AsyncDisposable {
  readonly #directory: ReturnType<typeof temporaryDirectory>
  readonly #server: ServerProcess
  #databases = 0
  #clients = 0
  readonly #open: Database[] = []

  private constructor(directory: ReturnType<typeof temporaryDirectory>, server: ServerProcess) {
    this.#directory = directory
    this.#server = server
  }

  static async start(): Promise<World> {
    const directory = temporaryDirectory()
    return new World(directory, await ServerProcess.start(join(directory.path, 'data')))
  }

  /** A database, by default with the tables of the journal, and an open replica of it. */
  async database(sql: string = SCHEMA): Promise<SharedDatabase & { readonly replica: Database }> {
    this.#databases += 1
    const shared: SharedDatabase = {
      url: this.#server.database(`d${this.#databases}`),
      path: this.#newPath(),
    }
    const replica = await this.open(shared)
    replica.exec(sql)
    await replica.sync()
    return { ...shared, replica }
  }

  /** Opens the replica at `path`, or another one of the same database. Closed at the end of the world. */
  async open({ url, path }: { readonly url: string; readonly path?: string }): Promise<Database> {
    const db = await connect({ url, path: path ?? this.#newPath() })
    this.#open.push(db)
    return db
  }

  /**
   * Syncs until nobody has news, and compares: the replicas with one that is downloaded now. Returns what is
   * wrong, and the downloaded one.
   */
  async settle(
    url: string,
    replicas: readonly Database[],
    acknowledged: readonly string[] | null = null,
  ): Promise<string[]> {
    for (let round = 0; round < 2; round++)
      for (const replica of replicas) await retrying(() => replica.sync())
    const fresh = await this.open({ url })
    const expected = contentOf(fresh)
    const faults = acknowledged === null ? [] : journalFaults(fresh, acknowledged)
    for (const [index, replica] of replicas.entries()) {
      faults.push(...differences(expected, contentOf(replica)).map((line) => `replica ${index}: ${line}`))
      const integrity = replica.pragma('integrity_check', { simple: true })
      if (integrity !== 'ok') faults.push(`replica ${index}: ${String(integrity)}`)
      const { cdcOperations } = await replica.stats()
      if (cdcOperations > 0) faults.push(`replica ${index}: ${cdcOperations} changes are still pending`)
    }
    fresh.close()
    return faults
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const db of this.#open) if (db.open) db.close()
    await this.#server.stop()
    this.#directory[Symbol.dispose]()
  }

  #newPath(): string {
    this.#clients += 1
    return join(this.#directory.path, `r${this.#clients}.db`)
  }
}

export interface SharedDatabase {
  readonly url: string
  readonly path: string
}

/** Runs a sync operation again while somebody is in the way. */
export async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (!isTidemarkError(error) || error.recovery !== 'retry' || attempt === 20) throw error
    }
  }
}
