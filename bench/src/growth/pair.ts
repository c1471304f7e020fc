import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { rest } from '../rest.ts'
import { INSERT, itemRows, SCHEMA } from '../rows.ts'
import type { BenchServer, Replica, Side } from '../sides/side.ts'

/** How long an exchange of rows took. */
export interface Exchange {
  readonly pushMs: number
  readonly pullMs: number
}

/** A server of one side with two replicas: one writes and pushes, the other pulls. */
export class Pair {
  readonly #server: BenchServer
  readonly #writer: Replica
  readonly #reader: Replica
  #rows = 0

  private constructor(server: BenchServer, writer: Replica, reader: Replica) {
    this.#server = server
    this.#writer = writer
    this.#reader = reader
  }

  static async open(side: Side, directory: string): Promise<Pair> {
    const folder = join(directory, side.name)
    mkdirSync(folder)
    const server = await side.startServer(folder)
    const open = (name: string): Promise<Replica> =>
      side.connect({ path: join(folder, `${name}.db`), url: server.url, durability: 'full' })
    const writer = await open('writer')
    await writer.exec(SCHEMA)
    await writer.push()
    return new Pair(server, writer, await open('reader'))
  }

  /** Rows in the database. */
  get rows(): number {
    return this.#rows
  }

  /** Inserts rows in one transaction, pushes them, and pulls them at the reader. */
  async exchange(count: number): Promise<Exchange> {
    await this.#writer.runEach(INSERT, itemRows(this.#rows + 1, count), true)
    this.#rows += count
    const start = performance.now()
    await this.#writer.push()
    const pushMs = performance.now() - start
    await rest()
    const pushed = performance.now()
    await this.#reader.pull()
    const pullMs = performance.now() - pushed
    await this.#writer.pull()
    await rest()
    return { pushMs, pullMs }
  }

  async checkpoint(): Promise<void> {
    await this.#writer.checkpoint()
    await this.#reader.checkpoint()
  }

  /** Of all that the reader has. */
  sums(): Promise<unknown[][]> {
    return this.#reader.all('SELECT count(*), sum(id), sum(amount), sum(length(note)) FROM item')
  }

  async close(): Promise<void> {
    await this.#writer.close()
    await this.#reader.close()
    await this.#server.stop()
  }
}
