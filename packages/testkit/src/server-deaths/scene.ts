import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { connect } from '@tidemark/sdk-node'
import type { Database } from '@tidemark/sdk-node'

import { Violation } from '../simulator/checks.ts'
import { contentOf, differences } from '../simulator/content.ts'
import { quietPort } from '../quiet-port.ts'
import { ServerProcess } from '../server-process.ts'
import { runSql } from '../sql-client.ts'
import { WATCH } from './death.ts'
import type { Death, Part, Watch } from './death.ts'

const REGISTER = pathToFileURL(join(import.meta.dirname, 'register.ts')).href

/** More than a server dies in one life. */
const ATTEMPTS = 5

/** A client's own patience: what is refused once is done at the second attempt. */
const RETRY = { attempts: 2, delayMs: 20, maxDelayMs: 100 }

/** One worker: its steps are counted. */
const SETTINGS = { TIDEMARK_WORKERS: '1' }

export interface SceneOptions {
  /** Below it is everything: the server's data, its clients' files. */
  readonly root: string
  /** Of the server, as variables of its environment. */
  readonly settings: Readonly<Record<string, string>>
  /** The first server that is started dies by the first of them, the next by the second, and so on. */
  readonly deaths?: readonly Death[]
  /** Where the first server tells its steps. */
  readonly tracePath?: string
}

/** Tags that have been committed somewhere. Each must be in both tables in the end, once. */
export type Tags = readonly string[]

/** A real server on a folder, real clients on theirs, and what they have written. */
export class Scene {
  readonly #options: SceneOptions
  readonly #clients = new Map<string, Database>()
  readonly #tags: string[]
  #server: ServerProcess | null = null
  #starts = 0
  #port = 0

  constructor(options: SceneOptions, tags: Tags = []) {
    this.#options = options
    this.#tags = [...tags]
  }

  get data(): string {
    return join(this.#options.root, 'data')
  }

  get tags(): Tags {
    return this.#tags
  }

  /** Address of the server. */
  get url(): string {
    return this.#server!.url
  }

  /** Address of the database that all clients are of. */
  get database(): string {
    return this.#server!.database('it')
  }

  /** How many of the servers have died. */
  get died(): number {
    return Array.from({ length: this.#starts }, (_, start) => this.#diedPath(start)).filter(existsSync).length
  }

  /** Starts the server; the next, where it dies before it listens. */
  async start(): Promise<void> {
    for (;;) {
      try {
        return await this.#startOne(this.#options.deaths?.[this.#starts] ?? null)
      } catch (error) {
        if (!existsSync(this.#diedPath(this.#starts - 1))) throw error
      }
    }
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#server = null
  }

  /** Asks a new server, which dies where it comes to a call site: at the latest in its end. Nobody starts the next. */
  async dieAt(of: Part, site: string, question: () => Promise<unknown>): Promise<void> {
    await this.#startOne({ of, at: site, when: 'before', takes: 'both' })
    await question().catch(() => {})
    await this.stop()
    if (!existsSync(this.#diedPath(this.#starts - 1))) throw new Error(`the server does not come to ${site}`)
  }

  /** Asks the server; again where it has died, and nobody knows what became of the question. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await question()
      } catch (error) {
        if (this.died === 0 || attempt === ATTEMPTS) throw error
        await this.#startWhereDead()
      }
    }
  }

  /** A client, which is opened where it is not open. */
  async client(name: string): Promise<Database> {
    const path = join(this.#options.root, `${name}.db`)
    const open = async (): Promise<Database> => connect({ path, url: this.database, retry: RETRY })
    const client = this.#clients.get(name) ?? (await this.ask(open))
    this.#clients.set(name, client)
    return client
  }

  /** Commits rows at a client. `bytes` of them are not to be compressed. */
  write(client: Database, tag: string, bytes = 10): void {
    client.transaction(() => {
      client.prepare('INSERT INTO entry VALUES (?, randomblob(?))').run(tag, bytes)
      client.prepare('INSERT INTO line VALUES (?)').run(tag)
    })()
    this.#tags.push(tag)
  }

  /** Commits the same by SQL at the server. To be asked twice as well as once. */
  async writeBySql(tag: string): Promise<void> {
    await this.ask(async () =>
      runSql(
        this.database,
        `INSERT OR IGNORE INTO entry VALUES ('${tag}', 'x')`,
        `INSERT INTO line SELECT '${tag}' WHERE NOT EXISTS (SELECT 1 FROM line WHERE tag = '${tag}')`,
      ),
    )
    this.#tags.push(tag)
  }

  /** What another client has committed. */
  note(tag: string): void {
    this.#tags.push(tag)
  }

  closeClients(): void {
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
  }

  /** Copies a file or folder as it is, times included. */
  copy(from: string, to: string): void {
    rmSync(to, { recursive: true, force: true })
    spawnSync('cp', ['-a', from, to])
  }

  /**
   * Lets everybody sync with the next server.
   *
   * @throws Violation where a client differs from the server, or something is missing or doubled
   */
  async settle(): Promise<void> {
    await this.start()
    for (let round = 0; round < 2; round++)
      for (const client of this.#clients.values()) await this.ask(async () => client.sync())
    const fresh = await this.client('fresh')
    for (const [name, client] of this.#clients) {
      const found = differences(contentOf(client), contentOf(fresh))
      if (found.length > 0) throw new Violation(`${name} and the server: ${found.join('\n')}`)
      if (client.pragma('integrity_check', { simple: true }) !== 'ok')
        throw new Violation(`${name} is damaged`)
      if ((await client.stats()).cdcOperations > 0) throw new Violation(`${name} has something left to push`)
    }
    const expected = this.#tags.toSorted().join(' ')
    for (const table of ['entry', 'line']) {
      const found = fresh.prepare(`SELECT tag FROM ${table}`).pluck().all().map(String).toSorted().join(' ')
      if (found !== expected) throw new Violation(`${table} has ${found} instead of ${expected}`)
    }
    const [integrity] = await runSql(this.database, 'PRAGMA integrity_check')
    if (integrity?.join() !== 'ok') throw new Violation(`the server's file is damaged: ${integrity?.join()}`)
  }

  /** Ends everybody. Who begins with these files has died of nothing yet. */
  async close(): Promise<void> {
    this.closeClients()
    await this.#server?.stop('SIGKILL')
    for (let start = 0; start < this.#starts; start++) rmSync(this.#diedPath(start), { force: true })
  }

  async #startOne(death: Death | null): Promise<void> {
    if (this.#port === 0) this.#port = await quietPort()
    const env = this.#environment(this.#starts, death)
    this.#starts += 1
    this.#server = await ServerProcess.start(this.data, { port: this.#port, env })
  }

  #diedPath(start: number): string {
    return join(this.#options.root, `died-${start}`)
  }

  /** The server, where its main process has died. That may have been a moment ago. */
  async #startWhereDead(): Promise<void> {
    const start = this.#starts - 1
    const death = this.#options.deaths?.[start]
    if (death === undefined || !existsSync(this.#diedPath(start))) return
    if (death.of === 'worker' && death.takes === 'itself') return
    await this.#server?.stop('SIGKILL')
    await this.start()
  }

  #environment(start: number, death: Death | null): Record<string, string> {
    const { settings, tracePath = null } = this.#options
    const isTraced = tracePath !== null && start === 0
    if (death === null && !isTraced) return { ...SETTINGS, ...settings }
    const watch: Watch = { death, diedPath: this.#diedPath(start), tracePath: isTraced ? tracePath : null }
    const isNamed = isTraced || typeof death?.at === 'string'
    return {
      ...SETTINGS,
      ...settings,
      NODE_OPTIONS: `${isNamed ? '--enable-source-maps ' : ''}--import ${REGISTER}`,
      [WATCH]: JSON.stringify(watch),
    }
  }
}
