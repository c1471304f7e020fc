import { attempt } from '../attempt.ts'
import { checkEqual, checkIntegrity, checkRows, Violation } from '../checks.ts'
import { contentOf, journalsOf } from '../content.ts'
import { linesAdded } from '../ledger.ts'
import { textOf } from '../outcomes.ts'
import type { Fault } from '../plan.ts'
import { Random } from '../random.ts'
import type { Table } from '../tables.ts'
import type { World } from '../world.ts'
import { TursoClient } from './turso-client.ts'
import type { TursoAction } from './turso-plan.ts'
import { writableByTurso, tursoTransactionOf } from './turso-statements.ts'

/** Far from those of Tidemark's clients and of the server. */
const FIRST_WRITER = 20

/**
 * Turso's clients in a world. Of them the following must hold, whatever happens to their requests and to the server:
 *
 * - a push, and a pull, that nothing has struck succeeds
 * - after a pull with nothing pending they hold the rows of the server, and their files are sound
 * - rows that only they write stay as they have left them, with them and, once pushed, everywhere
 * - each of their transactions, with what triggers have added, is there once: they are in the world's ledger
 */
export class TursoClients {
  readonly #world: World
  readonly #clients: TursoClient[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** Makes those of the plan. */
  async start(root: string, common: readonly Table[]): Promise<void> {
    const { plan, server, log } = this.#world
    const tables = server.read((db) => writableByTurso(common, db))
    for (const [index, each] of plan.turso.entries()) {
      log.push(`Turso client ${index}: ${JSON.stringify(each)}`)
      const client = new TursoClient({
        name: `turso-${index}`,
        writer: FIRST_WRITER + index,
        root,
        plan: each,
        server,
        tables,
        log: (text) => log.push(text),
      })
      this.#clients.push(client)
      await client.open()
      client.own = client.ownRows()
    }
  }

  async run(index: number, does: TursoAction): Promise<void> {
    const client = this.#clients[index]!
    switch (does.kind) {
      case 'write':
        return this.#write(client, does.seed)
      case 'push':
        return this.#push(client, does.fault)
      case 'pull':
        return this.#pull(client, does.fault)
      case 'checkpoint':
        await client.db.checkpoint()
        return check(client)
      case 'reopen':
        await client.close()
        await client.open()
        return check(client)
    }
  }

  /** Pushes what is pending. */
  async pushAll(): Promise<void> {
    for (const client of this.#clients) await this.#push(client, null)
  }

  /** After everybody has synced. */
  async checkSettled(): Promise<void> {
    for (const client of this.#clients) await this.#pull(client, null)
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close()
  }

  async #write(client: TursoClient, seed: number): Promise<void> {
    const { ledger, log, writes } = this.#world
    const { tag } = writes
    const { db, writer, tables } = client
    const statements = tursoTransactionOf({ random: new Random(seed), writer, tag, tables })
    const before = client.read(journalsOf)
    await db.exec('BEGIN IMMEDIATE')
    try {
      for (const sql of statements) {
        log.push(`    ${sql}`)
        await db.exec(sql)
      }
    } catch (error) {
      log.push(`    rolled back: ${textOf(error)}`)
      if (!textOf(error).includes('constraint failed')) throw error
      await db.exec('ROLLBACK')
      ledger.neverCommitted(tag)
      return
    }
    await db.exec('COMMIT')
    ledger.committed(tag, linesAdded(before, client.read(journalsOf)))
    client.hasPending = true
    client.own = client.ownRows()
  }

  async #push(client: TursoClient, fault: Fault | null): Promise<void> {
    const isDone = await this.#sync(client, 'push', fault)
    if (isDone) client.hasPending = false
    check(client)
    await this.#recover(client, fault)
  }

  async #pull(client: TursoClient, fault: Fault | null): Promise<void> {
    // A push that arrives after its client's next pull is applied, and pushed again under other numbers:
    // nothing on the wire tells.
    client.line.loseVeryLate()
    const isDone = await this.#sync(client, 'pull', fault)
    check(client)
    if (isDone && !client.hasPending) {
      const what = `${client.name} (first) holds the rows of the server (second)`
      checkEqual(what, client.read(contentOf), this.#world.server.content())
    }
    await this.#recover(client, fault)
  }

  /**
   * Where its disk has failed, the server may have changes that it has not acknowledged. The client's next
   * question is answered with them.
   */
  async #recover(client: TursoClient, fault: Fault | null): Promise<void> {
    if (fault?.on !== 'file') return
    await (fault.seed % 2 === 0 ? this.#push(client, null) : this.#pull(client, null))
  }

  /** False: it failed, as it may. */
  async #sync(client: TursoClient, kind: 'push' | 'pull', fault: Fault | null): Promise<boolean> {
    const operate = async (): Promise<unknown> => client.db[kind]()
    const { error, hasFired } = await attempt(this.#world, client.line, null, fault, operate)
    if (error === null) return true
    if (hasFired) return false
    // What was late has arrived: the server says to push again.
    if (textOf(error).includes('An earlier push of this client')) return this.#sync(client, kind, null)
    throw new Violation(`${client.name}: ${kind} failed with ${textOf(error)}`, { cause: error })
  }
}

function check(client: TursoClient): void {
  checkRows(`the rows that only ${client.name} writes`, client.own, client.ownRows())
  client.read((db) => checkIntegrity(client.name, db))
}
