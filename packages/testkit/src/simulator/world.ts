import { initProtocol } from '@tidemark/protocol'

import { checkClient, checkSettled, describeQueues, isSettled, Violation } from './checks.ts'
import type { Circumstances } from './circumstances.ts'
import { Client } from './client.ts'
import { syncTogether, useSecondInstance } from './concurrent-use.ts'
import { tablesOfDrops } from './column-drops.ts'
import { ownRowsOf } from './content.ts'
import { backUpClient, backUpServer, copyClient, restoreClient, restoreServer } from './copies.ts'
import { observing } from './file-calls.ts'
import type { FaultScene } from './file-fault.ts'
import { Ledger } from './ledger.ts'
import { LocalServer } from './local-server.ts'
import { isExpected } from './outcomes.ts'
import type { ClientPlan, Plan, Step } from './plan.ts'
import { crashClient, crashServer, reopenClient } from './process-ends.ts'
import { Random } from './random.ts'
import { discardRefused, settleRejection } from './rejections.ts'
import { syncClient } from './sync-operation.ts'
import { initialSchema, TABLE_KINDS } from './tables.ts'
import type { Table } from './tables.ts'
import { TursoClients } from './turso/turso-clients.ts'
import { isReadableByTurso } from './turso/turso-statements.ts'
import { VolatileChanges } from './volatile.ts'
import { SERVER_WRITER, Writes } from './writes.ts'

const ROUNDS = 40

type Rows = ReadonlyMap<string, string | null>

/** The clients, the server, and what is known about what must be true. */
export class World {
  readonly log: string[] = []
  /** Some fault has met its step. */
  hasStruck = false
  /** Of the first request that a fault has met. */
  struckPath: string | null = null
  readonly ledger = new Ledger()
  readonly server: LocalServer
  readonly clients: Client[] = []
  readonly turso = new TursoClients(this)
  readonly plan: Plan
  readonly writes: Writes
  readonly volatile = new VolatileChanges()
  readonly circumstances: Circumstances
  onFileCall: FaultScene['onFileCall'] = null
  readonly #root: string
  readonly #common: readonly Table[]
  readonly #schema: readonly string[]

  constructor(plan: Plan, root: string) {
    this.plan = plan
    this.#root = root
    const kinds = plan.turso.length === 0 ? TABLE_KINDS : TABLE_KINDS.filter(isReadableByTurso)
    const { tables, sql } = initialSchema(new Random(plan.schemaSeed), kinds)
    this.circumstances = {
      mayReject: plan.isContested,
      mayFork: false,
      hasCopies: false,
      wasServerRestored: false,
      serverBackup: null,
    }
    this.#common = tables
    this.#schema = [...sql, ...tablesOfDrops(plan)]
    this.server = new LocalServer(root, plan.server)
    this.writes = new Writes({
      log: this.log,
      ledger: this.ledger,
      server: this.server,
      common: tables,
      kinds,
      manner: plan,
    })
  }

  /** What the server's own writer has left, and what is there now. */
  serverRows(): { readonly expected: Rows; readonly found: Rows } {
    const expected = this.writes.serverRows
    const tables = this.#common.filter(({ name }) => expected.has(name))
    const found = this.server.read((db) =>
      tables.map((table) => [table.name, ownRowsOf(db, table, SERVER_WRITER)] as const),
    )
    return { expected, found: new Map(found) }
  }

  async start(): Promise<void> {
    observing(this.volatile.observe)
    await initProtocol()
    await this.server.start()
    this.server.write((db) => {
      for (const sql of this.#schema) db.exec(sql)
    })
    for (const sql of this.#schema) this.log.push(`${sql};`)
    for (const plan of this.plan.clients) {
      this.log.push(`client ${this.clients.length}: ${JSON.stringify(plan)}`)
      const client = this.addClient(plan)
      await client.open()
      client.own = client.ownRows()
    }
    await this.turso.start(this.#root, this.#common)
  }

  async run(step: Step, index: number): Promise<void> {
    this.writes.tag = `s${index}`
    const client = 'client' in step ? this.clients[step.client]! : null
    this.log.push(`${index}: ${JSON.stringify(step)}`)
    if (!this.server.isUp) await this.server.start()
    switch (step.kind) {
      case 'write':
        return this.writes.onClient(client!, client!.db, client!.writer, step.seed)
      case 'schema':
        return this.writes.changeSchema(client!, client!.db, step.seed)
      case 'drop column':
        return this.writes.dropColumn(client!, client!.db, step.seed)
      case 'rebuild':
        return this.writes.rebuildJournal(client!, client!.db)
      case 'foreign write':
        return client!.withOutsider((db) => this.writes.onClient(client!, db, client!.writer, step.seed))
      case 'foreign schema':
        return client!.withOutsider((db) => this.writes.changeSchema(client!, db, step.seed))
      case 'foreign checkpoint':
        client!.withOutsider((db) => db.pragma('wal_checkpoint(TRUNCATE)'))
        client!.mayLoseBase = true
        return checkClient(client!)
      case 'push':
      case 'pull':
      case 'sync':
      case 'checkpoint':
        return syncClient(this, client!, step.kind, step.fault)
      case 'reopen':
        return reopenClient(this, client!, step)
      case 'crash':
      case 'power':
        return crashClient(this, client!, step)
      case 'copy':
        return copyClient(this, client!)
      case 'second instance':
        return useSecondInstance(this, client!, step.seed)
      case 'settings':
        return client!.changeSettings(new Random(step.seed))
      case 'settle rejection':
        return settleRejection(this, client!, step.seed)
      case 'together':
        return syncTogether(this, client!, step)
      case 'server backup':
        return backUpServer(this, index)
      case 'server restore':
        return restoreServer(this)
      case 'back up':
        return backUpClient(this, client!)
      case 'restore':
        return restoreClient(this, client!)
      case 'server restart':
        this.server.stop()
        return this.server.start()
      case 'server crash':
      case 'server power':
        return crashServer(this, step)
      case 'server write':
        return this.writes.onServer(step.seed)
      case 'turso':
        return this.turso.run(step.client, step.does)
    }
  }

  /** Whether an operation may fail so. */
  isExpected(error: unknown, hasFaultFired: boolean): boolean {
    const mayFailToResolve = this.clients.some(({ plan }) => plan.conflictResolution === 'failing function')
    return isExpected(error, { hasFaultFired, mayReject: this.circumstances.mayReject, mayFailToResolve })
  }

  /** What a loss of power has taken. */
  noteLoss(lost: readonly string[]): void {
    this.log.push(`    lost: ${lost.join(', ')}`)
  }

  /** Lets everybody sync until nothing is pending, and compares everything with everything. */
  async settle(): Promise<void> {
    if (!this.server.isUp) await this.server.start()
    for (let round = 1; ; round++) {
      this.log.push(`settling, round ${round}`)
      await this.turso.pushAll()
      for (const client of this.clients) {
        await syncClient(this, client, 'sync', null)
        await discardRefused(this, client)
      }
      if (await isSettled(this)) break
      if (round === ROUNDS) throw new Violation(`a queue is stuck: ${await describeQueues(this)}`)
    }
    await this.turso.checkSettled()
    await checkSettled(this)
  }

  async close(): Promise<void> {
    observing(null)
    await this.turso.close()
    for (const client of this.clients) {
      try {
        client.close()
      } catch {
        // What matters has been checked.
      }
    }
    this.server.stop()
  }

  /** One more client. Its files are not there yet. */
  addClient(plan: ClientPlan): Client {
    const { length } = this.clients
    const client: Client = new Client(
      {
        name: `client-${length}`,
        writer: length + 1,
        root: this.#root,
        plan,
        server: this.server,
        tables: this.#common,
        log: (text) => this.log.push(text),
      },
      {
        write: (seed) => {
          this.writes.effects += 1
          this.writes.onClient(client, client.db, client.writer, seed, `w${this.writes.effects}`)
        },
        die: () => client.die(),
      },
    )
    this.clients.push(client)
    return client
  }
}
