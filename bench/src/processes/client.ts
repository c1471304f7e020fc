import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SideName } from '../sides/index.ts'
import type { Work } from '../works/work.ts'
import type { ClientMessage, ClientOrder, Sample } from './sample.ts'

const script = fileURLToPath(new URL('client-process.ts', import.meta.url))

/** A side that failed a work; the message says how. */
export class SideFailure extends Error {
  override readonly name = 'SideFailure'
}

/** The process that runs one work on one side. */
export class Client {
  readonly #child: ChildProcess
  /** Rejects when the process ends. */
  readonly #ended: Promise<never>
  #hear: (message: ClientMessage) => void = () => {}

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'exit').then(([code]) => {
      throw new SideFailure(`the process ended with ${String(code)}`)
    })
    this.#ended.catch(() => {})
    child.on('message', (message: ClientMessage) => this.#hear(message))
  }

  /** Resolves when the work is set up. @throws SideFailure */
  static async start(side: SideName, work: Work, directory: string): Promise<Client> {
    const folder = join(directory, side)
    mkdirSync(folder)
    const child = fork(script, [side, work.name, folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const client = new Client(child)
    await client.#answer()
    return client
  }

  /** @throws SideFailure */
  async round(round: number): Promise<Sample> {
    this.#child.send({ type: 'round', round } satisfies ClientOrder)
    const answer = await this.#answer()
    if (answer.type !== 'sample') throw new SideFailure('the process answered out of turn')
    return answer.sample
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.send({ type: 'end' } satisfies ClientOrder)
    await exit
  }

  async #answer(): Promise<ClientMessage> {
    const said = new Promise<ClientMessage>((resolve) => (this.#hear = resolve))
    const message = await Promise.race([said, this.#ended])
    if (message.type === 'failed') {
      await this.end()
      throw new SideFailure(message.reason)
    }
    return message
  }
}
