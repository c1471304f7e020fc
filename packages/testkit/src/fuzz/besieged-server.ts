import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PullDecoder } from '@tidemark/protocol'
import { processUsage } from '../process-usage.ts'
import { ServerProcess } from '../server-process.ts'
import { runSql } from '../sql-client.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import type { Scene } from './attack.ts'
import { SECRET } from './hostile-sql.ts'
import { NOTE_SCHEMA, pullRequest } from './valid-messages.ts'

const MIB = 1024 * 1024
/** Small limits, so that they are reached. */
const SETTINGS = {
  workers: 2,
  maxOpenDatabases: 16,
  maxWorkerBytes: 400 * MIB,
  maxSqlBytes: 4 * MIB,
  maxSqlResponseBytes: 8 * MIB,
  maxPushBytes: 16 * MIB,
  maxBodyMemoryBytes: 32 * MIB,
  maxDatabaseBytes: 64 * MIB,
  statementTimeoutMs: 700,
  applyTimeoutMs: 3000,
  requestTimeoutMs: 1500,
  turnWaitMs: 1500,
  transactionIdleTimeoutMs: 200,
  streamIdleTimeoutMs: 300,
  maxLongPollMs: 50,
}
/** A worker is looked at every 50 ms, and may grow that long. */
const MAX_WORKER_RSS = SETTINGS.maxWorkerBytes + 800 * MIB
const MAX_MAIN_RSS = 500 * MIB
const MAX_DESCRIPTORS = 150
const NEIGHBOUR = 'neighbour'

/** A real server with an attacked database, a neighbour, and a folder outside that it must leave alone. */
export class BesiegedServer implements AsyncDisposable {
  /** What is in it is only a secret. */
  readonly outside: string
  readonly #folder: ReturnType<typeof temporaryDirectory>
  readonly #process: ServerProcess
  #attacked = 0
  #neighbourRevision = ''
  #neighbourRows = ''
  peakRssBytes: readonly number[] = []

  private constructor(process: ServerProcess, folder: ReturnType<typeof temporaryDirectory>) {
    this.#process = process
    this.#folder = folder
    this.outside = join(folder.path, 'outside')
    mkdirSync(this.outside)
    writeFileSync(join(this.outside, 'secret'), SECRET)
  }

  static async start(): Promise<BesiegedServer> {
    const folder = temporaryDirectory()
    const config = join(folder.path, 'config.json')
    writeFileSync(config, JSON.stringify(SETTINGS))
    const server = new BesiegedServer(
      await ServerProcess.start(join(folder.path, 'data'), { args: ['--config', config] }),
      folder,
    )
    await runSql(
      server.#process.database(NEIGHBOUR),
      ...NOTE_SCHEMA.split(';'),
      `INSERT INTO note VALUES (1, 'mine', 2)`,
    )
    server.#neighbourRevision = await server.revisionOf(NEIGHBOUR)
    server.#neighbourRows = await server.#rowsOf(NEIGHBOUR)
    await server.newTarget()
    return server
  }

  get port(): number {
    return this.#process.port
  }

  /** The end of the server's log. */
  get log(): string {
    return this.#process.log
  }

  async scene(): Promise<Scene> {
    const database = `attacked-${this.#attacked}`
    return { database, outside: this.outside, revision: await this.revisionOf(database) }
  }

  /** A fresh database to be attacked. */
  async newTarget(): Promise<void> {
    this.#attacked += 1
    const sql = [...NOTE_SCHEMA.split(';'), `INSERT INTO note VALUES (1, 'first', 1), (2, 'second', 2)`]
    await runSql(this.#process.database(`attacked-${this.#attacked}`), ...sql)
  }

  /** The newest revision: another one means that something was committed. */
  async revisionOf(name: string): Promise<string> {
    const body = new Uint8Array(
      pullRequest({ encoding: 'raw', pageSelector: Buffer.from('3a30000000000000', 'hex') }),
    )
    const response = await fetch(`${this.#process.database(name)}/pull-updates`, { method: 'POST', body })
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (response.status !== 200)
      throw new Error(`${name} cannot be pulled: ${response.status} ${Buffer.from(bytes).toString()}`)
    const [event] = new PullDecoder({ oldImage: () => null }).push(bytes)
    if (event?.type !== 'header') throw new Error(`${name} is pulled without a header`)
    return event.header.revision
  }

  /** What must hold after any attack. @throws Error that says what does not */
  async check(): Promise<void> {
    const health = await fetch(`${this.#process.url}/health`)
    if (health.status !== 200) throw new Error(`/health answers ${health.status}`)
    const revision = await this.revisionOf(NEIGHBOUR)
    if (revision !== this.#neighbourRevision)
      throw new Error('something was committed to the neighbour’s database')
    const left = readdirSync(this.outside)
    if (left.join() !== 'secret') throw new Error(`files outside: ${left.join(', ')}`)
    this.#checkUsage()
  }

  /** {@link check}, and the databases row by row. */
  async checkThoroughly(): Promise<void> {
    await this.check()
    if ((await this.#rowsOf(NEIGHBOUR)) !== this.#neighbourRows)
      throw new Error('the neighbour’s rows have changed')
    for (const name of [NEIGHBOUR, `attacked-${this.#attacked}`]) {
      const verdict = await runSql(this.#process.database(name), 'PRAGMA integrity_check')
      if (verdict[0]?.[0] !== 'ok')
        throw new Error(`integrity_check of ${name}: ${JSON.stringify(verdict).slice(0, 500)}`)
    }
  }

  #checkUsage(): void {
    const { rssBytes, descriptors } = processUsage(this.#process.pid)
    const [main = 0, ...workers] = rssBytes
    this.peakRssBytes = [
      Math.max(main, this.peakRssBytes[0] ?? 0),
      Math.max(0, ...workers, this.peakRssBytes[1] ?? 0),
    ]
    if (main > MAX_MAIN_RSS) throw new Error(`the main process takes ${main} bytes`)
    if (workers.some((bytes) => bytes > MAX_WORKER_RSS))
      throw new Error(`workers take ${workers.join(', ')} bytes`)
    if (descriptors.some((count) => count > MAX_DESCRIPTORS))
      throw new Error(`open files: ${descriptors.join(', ')}`)
  }

  async #rowsOf(name: string): Promise<string> {
    const rows = await runSql(this.#process.database(name), 'SELECT id, body, size FROM note ORDER BY id')
    return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop('SIGKILL')
    this.#folder[Symbol.dispose]()
  }
}
