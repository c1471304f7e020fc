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
/** A side that takes longer for one round, with what prepares and checks it, hangs. */
const LONGEST_ANSWER_MS = 900_000

/** A side that failed a work; the message says how. */
export class SideFailure extends Error {
  override readonly name = 'SideFailure'
}

/** The process that runs one work on one side, with its server. */
export class Client {
  readonly #child: ChildProcess
  /** Rejects when the process ends. */
  readonly #ended: Promise<never>
  #hear: (message: ClientMessage) => void = () => {}

  constructor(side: SideName, work: Work, directory: string) {
    const folder = join(directory, side)
    mkdirSync(folder)
    // A process group of its own, so that its server ends with it however it ends.
    this.#child = fork(script, [side, work.name, folder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
    })
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      throw new SideFailure(`the process ended with ${String(code ?? signal)}`)
    })
    this.#ended.catch(() => {})
    this.#child.on('message', (message: ClientMessage) => this.#hear(message))
  }

  /** Resolves when the work is set up. @throws SideFailure */
  async ready(): Promise<void> {
    await this.#answer()
  }

  /** Runs the work's first rounds, which nobody measures. @throws SideFailure */
  async warmUp(rounds: number): Promise<void> {
    const answer = this.#answer()
    this.#tell({ warmUps: rounds })
    await answer
  }

  /** @throws SideFailure */
  async round(round: number): Promise<Sample> {
    const answer = this.#answer()
    this.#tell({ round })
    const said = await answer
    if (said.type !== 'sample') throw new SideFailure('the process answered out of turn')
    return said.sample
  }

  /** Ends the process and its server; what they hold is thrown away. */
  async end(): Promise<void> {
    try {
      process.kill(-this.#child.pid!, 'SIGKILL')
    } catch {
      // The group is gone already.
    }
    await this.#ended.catch(() => {})
  }

  #tell(order: ClientOrder): void {
    this.#child.send(order)
  }

  async #answer(): Promise<ClientMessage> {
    let timer: NodeJS.Timeout | undefined
    const said = new Promise<ClientMessage>((resolve, reject) => {
      this.#hear = resolve
      const late = new SideFailure(`no answer within ${LONGEST_ANSWER_MS / 1000} s`)
      timer = setTimeout(() => reject(late), LONGEST_ANSWER_MS)
    })
    try {
      const message = await Promise.race([said, this.#ended])
      if (message.type === 'failed') throw new SideFailure(message.reason)
      return message
    } finally {
      clearTimeout(timer)
    }
  }
}
