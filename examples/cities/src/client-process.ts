import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Actions } from './client.ts'

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
  readonly stalled?: true
}

/** A client process and the calls into it. */
export class ClientProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #lastId = 0

  constructor(name: string) {
    this.name = name
    this.#child = fork(new URL('client.ts', import.meta.url), { serialization: 'advanced' })
    this.#child.on('message', (answer: Answer) => this.#settle(answer))
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${name} ended: ${signal ?? `exit code ${code}`}`))
      this.#waiting.clear()
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Runs one action in the process; rejects with its error, or when the process ends first. */
  async call<A extends keyof Actions>(
    action: A,
    ...[argument]: Parameters<Actions[A]>
  ): Promise<Awaited<ReturnType<Actions[A]>>> {
    const id = (this.#lastId += 1)
    const answered = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#child.send({ id, action, argument })
    return (await answered) as Awaited<ReturnType<Actions[A]>>
  }

  /** Starts a pull, waits until it stands still in the middle of the answer, and kills the process with SIGKILL. */
  async killInPull(afterBytes: number): Promise<string> {
    const stalled = new Promise<boolean>((resolve) => {
      this.#child.on('message', (answer: Answer) => answer.stalled === true && resolve(true))
    })
    const pull = this.call('pullUntilStalled', afterBytes).then(
      () => false,
      () => false,
    )
    if (!(await Promise.race([stalled, pull])))
      throw new Error(`${this.name}'s pull ended before it could be killed`)
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    const [, signal] = (await exited) as [number | null, string]
    return signal
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit')
    await this.call('close')
    this.#child.disconnect()
    await exited
  }

  /** For the way out after a failure. */
  destroy(): void {
    this.#child.kill('SIGKILL')
  }

  #settle({ id, value, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(`${this.name}: ${error}`))
  }
}
