import { RefusedChangeError } from '@tidemark/engine'
import { BusyError, initProtocol } from '@tidemark/protocol'
import { CheckpointNeededError } from '@tidemark/sdk-node'

import { checkClient, checkEqual, checkSettled, describeQueues, isSettled, Violation } from './checks.ts'
import { Client } from './client.ts'
import { ownRowsOf } from './content.ts'
import { observing, watching } from './file-calls.ts'
import { Ledger } from './ledger.ts'
import { fileFault } from './file-fault.ts'
import type { FaultScene } from './file-fault.ts'
import { LocalServer } from './local-server.ts'
import { isExpected, textOf } from './outcomes.ts'
import type { ClientPlan, Fault, Plan, Step, SyncKind } from './plan.ts'
import { Random } from './random.ts'
import { transactionOf } from './statements.ts'
import { initialSchema } from './tables.ts'
import type { Table } from './tables.ts'
import { VolatileChanges } from './volatile.ts'
import { SERVER_WRITER, Writes } from './writes.ts'

const MAX_CLIENTS = 5
const ROUNDS = 40

type Rows = ReadonlyMap<string, string | null>

/** The clients, the server, and what is known about what must be true. */
export class World {
  readonly log: string[] = []
  /** Some fault has met its step. */
  hasStruck = false
  readonly ledger = new Ledger()
  readonly server: LocalServer
  readonly clients: Client[] = []
  readonly #root: string
  readonly #writes: Writes
  readonly #volatile = new VolatileChanges()
  readonly #plan: Plan
  readonly #common: readonly Table[]
  readonly #schema: readonly string[]
  /** Somebody's changes may have become impossible. */
  #mayReject: boolean
  /** Files were copied, or restored from backups. */
  #hasCopies = false
  #wasServerRestored = false
  #mayFork = false
  #serverBackup: string | null = null

  constructor(plan: Plan, root: string) {
    this.#plan = plan
    this.#root = root
    const { tables, sql } = initialSchema(new Random(plan.schemaSeed))
    this.#mayReject = plan.isContested
    this.#common = tables
    this.#schema = sql
    this.server = new LocalServer(root, plan.server)
    this.#writes = new Writes({
      log: this.log,
      ledger: this.ledger,
      server: this.server,
      common: tables,
      isContested: plan.isContested,
    })
  }

  /** What the server's own writer has left, and what is there now. */
  serverRows(): { readonly expected: Rows; readonly found: Rows } {
    const expected = this.#writes.serverRows
    const tables = this.#common.filter(({ name }) => expected.has(name))
    const found = this.server.read((db) =>
      tables.map((table) => [table.name, ownRowsOf(db, table, SERVER_WRITER)] as const),
    )
    return { expected, found: new Map(found) }
  }

  async start(): Promise<void> {
    observing(this.#volatile.observe)
    await initProtocol()
    await this.server.start()
    this.server.write((db) => {
      for (const sql of this.#schema) db.exec(sql)
    })
    for (const sql of this.#schema) this.log.push(`${sql};`)
    for (const plan of this.#plan.clients) {
      this.log.push(`client ${this.clients.length}: ${JSON.stringify(plan)}`)
      const client = this.#addClient(plan)
      await client.open()
      client.own = client.ownRows()
    }
  }

  async run(step: Step, index: number): Promise<void> {
    this.#writes.tag = `s${index}`
    const client = 'client' in step ? this.clients[step.client]! : null
    this.log.push(`${index}: ${JSON.stringify(step)}`)
    if (!this.server.isUp) await this.server.start()
    switch (step.kind) {
      case 'write':
        return this.#writes.onClient(client!, client!.db, client!.writer, step.seed)
      case 'schema':
        return this.#writes.changeSchema(client!, client!.db, step.seed)
      case 'foreign write':
        return client!.withOutsider((db) => this.#writes.onClient(client!, db, client!.writer, step.seed))
      case 'foreign schema':
        return client!.withOutsider((db) => this.#writes.changeSchema(client!, db, step.seed))
      case 'foreign checkpoint':
        client!.withOutsider((db) => db.pragma('wal_checkpoint(TRUNCATE)'))
        return checkClient(client!)
      case 'push':
      case 'pull':
      case 'sync':
      case 'checkpoint':
        return this.#sync(client!, step.kind, step.fault)
      case 'reopen':
        return this.#reopen(client!, step)
      case 'crash':
        return this.#crash(client!, step)
      case 'copy':
        return this.#copy(client!)
      case 'second instance':
        return this.#useSecondInstance(client!, step.seed)
      case 'settle rejection':
        return this.#settleRejection(client!, step.seed)
      case 'together':
        return this.#syncTogether(client!, step)
      case 'server backup':
        this.#serverBackup = `${this.server.directory}-backup-${index}`
        return this.server.backUp(this.#serverBackup)
      case 'server restore':
        return this.#restoreServer()
      case 'back up':
        return this.#backUp(client!)
      case 'restore':
        return this.#restore(client!)
      case 'server restart':
        this.server.stop()
        return this.server.start()
      case 'server crash':
        this.server.die()
        return this.server.start()
      case 'server write':
        return this.#writes.onServer(step.seed)
    }
  }

  /** Lets everybody sync until nothing is pending, and compares everything with everything. */
  async settle(): Promise<void> {
    if (!this.server.isUp) await this.server.start()
    for (let round = 1; ; round++) {
      this.log.push(`settling, round ${round}`)
      for (const client of this.clients) {
        await this.#sync(client, 'sync', null)
        await this.#discardRefused(client)
      }
      if (await isSettled(this)) break
      if (round === ROUNDS) throw new Violation(`a queue is stuck: ${await describeQueues(this)}`)
    }
    await checkSettled(this)
  }

  close(): void {
    observing(null)
    for (const client of this.clients) {
      try {
        client.close()
      } catch {
        // What matters has been checked.
      }
    }
    this.server.stop()
  }

  #addClient(plan: ClientPlan): Client {
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
          this.#writes.effects += 1
          this.#writes.onClient(client, client.db, client.writer, seed, `w${this.#writes.effects}`)
        },
        die: () => client.die(),
      },
    )
    this.clients.push(client)
    return client
  }

  async #sync(client: Client, kind: SyncKind, fault: Fault | null): Promise<void> {
    const before = client.content()
    const headBefore = this.server.database.revision
    const wasLevel = client.level === headBefore
    const effectsBefore = this.#writes.effects
    client.pulls = 0
    client.rejections = 0
    client.line.arm(fault)
    let error: unknown = null
    const file = fault?.on === 'file' ? fileFault(client, fault, this.#scene) : null
    try {
      const operate = async (): Promise<unknown> => client.db[kind]()
      await (file === null ? operate() : watching(file.watch, operate))
    } catch (caught) {
      error = caught
    }
    const hasFired = (file?.hasFired ?? false) || client.line.hasFired
    client.line.arm(null)
    this.hasStruck ||= hasFired
    if (error !== null) this.log.push(`    ${textOf(error)}`)
    if (!this.server.isUp) await this.server.start()
    const hasCrashed = client.line.isDead
    if (hasCrashed) {
      this.log.push('    the client dies')
      await client.revive()
    } else if (error !== null && !this.#isExpected(error, hasFired)) {
      throw new Violation(`${kind} failed with ${textOf(error)}`, { cause: error })
    }
    // A pull that fails after its pages came in leaves the pending changes to whoever comes next.
    if (error !== null && !hasCrashed && fault?.on === 'file' && hasFired)
      await this.#recover(client, fault.seed)
    if (client.forks > 0 && !this.#mayFork)
      throw new Violation(`${client.name} is taken for a copy, and there is none`)
    if (client.rejections > 0) client.own = null
    checkClient(client)
    const isUntouched =
      client.pulls === 0 && client.rejections === 0 && this.#writes.effects === effectsBefore
    if (isUntouched && (kind === 'push' || kind === 'checkpoint'))
      checkEqual(`${kind} leaves the local content alone`, before, client.content())
    if (error === null && !hasCrashed) await this.#checkLevel(client, kind, wasLevel && isUntouched)
  }

  /** What an application does when an operation has failed: tries again, or starts again. */
  async #recover(client: Client, seed: number): Promise<void> {
    if (seed % 2 === 0) {
      client.close()
      await client.open()
      return
    }
    try {
      await client.db.pull()
    } catch (error) {
      if (!this.#isExpected(error, false)) throw error
    }
  }

  /** Where the client has everything from the server, and the server everything from it, both hold the same. */
  async #checkLevel(client: Client, kind: SyncKind, wasLevel: boolean): Promise<void> {
    const head = this.server.database.revision
    if (kind === 'checkpoint' || (await client.pending()) > 0) return
    if (client.revision !== head && !(kind === 'push' && wasLevel)) return
    client.level = head
    const content = client.content()
    checkEqual(`${client.name} (first) holds the rows of the server (second)`, content, this.server.content())
    if (client.isSoleOwner) client.own ??= client.ownRows()
  }

  async #reopen(client: Client, step: Extract<Step, { kind: 'reopen' }>): Promise<void> {
    const before = client.content()
    client.close()
    if (step.meanwhile !== 'nothing') {
      client.withOutsider((db) => {
        if (step.meanwhile === 'checkpoint') db.pragma('wal_checkpoint(TRUNCATE)')
        else if (step.meanwhile === 'schema') this.#writes.changeSchema(client, db, step.seed)
        else this.#writes.onClient(client, db, client.writer, step.seed)
        if (step.meanwhile === 'write, no checkpoint') client.die()
      })
    }
    if (client.line.isDead) await client.revive()
    else await client.open()
    checkClient(client)
    if (step.meanwhile === 'nothing' || step.meanwhile === 'checkpoint')
      checkEqual('closing and opening leave the local content alone', before, client.content())
  }

  async #crash(client: Client, step: Extract<Step, { kind: 'crash' }>): Promise<void> {
    const before = client.content()
    if (step.inTransaction) {
      client.db.exec('BEGIN IMMEDIATE')
      const random = new Random(step.seed)
      const { isContested } = this.#plan
      const writing = {
        random,
        writer: client.writer,
        tag: this.#writes.tag,
        tables: client.tables,
        isContested,
      }
      for (const sql of transactionOf(writing)) this.#writes.attempt(client.db, sql)
      this.ledger.neverCommitted(this.#writes.tag)
    }
    client.die()
    await client.revive()
    checkClient(client)
    checkEqual('what is committed survives a crash, and nothing else', before, client.content())
  }

  async #copy(client: Client): Promise<void> {
    if (this.clients.length === MAX_CLIENTS) return
    this.#mayFork = true
    if ((await client.pending()) > 0) {
      client.isSoleOwner = false
      this.ledger.mayBeRepeated(await client.pendingTags())
      client.own = null
      this.#mayReject = true
    }
    // What the server has lost before it was pulled is pushed again, by each copy.
    if (this.#wasServerRestored) this.ledger.mayBeRepeated(client.tags)
    this.#hasCopies = true
    const copy = this.#addClient(client.plan)
    for (const tag of client.tags) copy.tags.add(tag)
    client.fork(`${copy.directory}-files`)
    await copy.moveTo(`${copy.directory}-files`)
    copy.own = copy.ownRows()
  }

  async #backUp(client: Client): Promise<void> {
    const directory = `${client.directory}-backup-${this.#writes.tag}`
    client.fork(directory)
    const pending = await client.pendingTags()
    client.backup = { directory, tags: new Set(client.tags), pending }
  }

  async #restore(client: Client): Promise<void> {
    if (client.backup === null) return
    const { directory, tags, pending } = client.backup
    this.ledger.mayBeRepeated(pending)
    const lost = [...client.tags].filter((tag) => !tags.has(tag))
    this.server.read((db) => this.ledger.mayBeLost(lost, db))
    client.tags.clear()
    for (const tag of tags) client.tags.add(tag)
    client.own = null
    client.level = null
    this.#mayReject = true
    this.#mayFork = true
    await client.moveTo(directory)
  }

  /** The server loses what came after its backup. What clients still have in their queues comes back. */
  async #restoreServer(): Promise<void> {
    if (this.#serverBackup === null) return
    await this.server.restore(this.#serverBackup)
    this.server.read((db) => this.ledger.mayBeLost(this.ledger.tags, db))
    if (this.#hasCopies) this.ledger.mayBeRepeated(this.ledger.tags)
    this.#wasServerRestored = true
    this.#mayReject = true
    this.#mayFork = true
    this.#writes.serverRows.clear()
    for (const client of this.clients) Object.assign(client, { own: null, level: null })
  }

  /** Another object on the same file, as another process would have it. */
  async #useSecondInstance(client: Client, seed: number): Promise<void> {
    const random = new Random(seed)
    const other = await client.second()
    try {
      for (let i = random.between(1, 3); i > 0; i--) {
        const kind = random.pick<SyncKind>(['push', 'pull', 'sync', 'checkpoint'])
        this.log.push(`    the other one: ${kind}`)
        client.rejections = 0
        await other[kind]().catch((error: unknown) => {
          this.log.push(`    ${String(error)}`)
          // The client's object holds its base, and lets go of it only when it does something itself.
          if (error instanceof BusyError || error instanceof CheckpointNeededError) return
          if (!this.#isExpected(error, false)) throw error
        })
        if (client.rejections > 0) client.own = null
        checkClient(client)
        if (random.chance(50)) this.#writes.onClient(client, other, client.writer, random.next(), `o${i}`)
      }
    } finally {
      other.close()
    }
    checkClient(client)
  }

  /** Two at the same time. */
  async #syncTogether(client: Client, step: Extract<Step, { kind: 'together' }>): Promise<void> {
    const other = this.clients[(step.client + 1) % this.clients.length]!
    const operations = [client.db[step.own](), other.db[step.others]()]
    for (const outcome of await Promise.allSettled(operations)) {
      if (outcome.status === 'fulfilled') continue
      this.log.push(`    ${String(outcome.reason)}`)
      if (!this.#isExpected(outcome.reason, false)) throw outcome.reason
    }
    for (const each of [client, other]) {
      each.level = null
      if (each.rejections > 0) each.own = null
      each.rejections = 0
      checkClient(each)
    }
  }

  #isExpected(error: unknown, hasFaultFired: boolean): boolean {
    return isExpected(error, { hasFaultFired, mayReject: this.#mayReject })
  }

  /** Somebody looks after what the server has refused: tries it once more, or gives it up. */
  async #settleRejection(client: Client, seed: number): Promise<void> {
    const [entry] = await client.db.rejected()
    if (entry === undefined) return this.#discardRefused(client)
    client.own = null
    client.level = null
    if (seed % 2 === 0) {
      try {
        await client.db.retryRejected(entry.id)
      } catch (error) {
        this.log.push(`    ${String(error)}`)
        if (!(error instanceof RefusedChangeError)) throw error
      }
      return
    }
    this.ledger.mayBeSplit(client.tags)
    await client.db.discard({ rejected: entry.id })
  }

  /** Where nothing is set aside by itself, the refused change is given up. What else goes with it is not known here. */
  async #discardRefused(client: Client): Promise<void> {
    const { refused } = client
    client.refused = null
    if (refused === null || client.plan.onRejected === 'quarantine') return
    client.own = null
    client.level = null
    const pending = await client.db.pending({ limit: 100_000 })
    if (!pending.some(({ changeId }) => changeId === refused)) return
    this.server.read((db) => this.ledger.mayBeSplit(this.ledger.missing(client.tags, db)))
    const dropped = await client.db.discard({ changeIds: [refused] })
    this.log.push(`    gives up change ${refused}: ${dropped} dropped`)
    if (dropped === 0) throw new Violation(`change ${refused} was refused and cannot be discarded`)
  }

  get #scene(): FaultScene {
    return { server: this.server, log: this.log, writes: this.#writes, volatile: this.#volatile }
  }
}
