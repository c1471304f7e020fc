import { setTimeout as delay } from 'node:timers/promises'
import type { CallName, WorkerCalls } from './worker-calls.ts'
import { WorkerClient } from './worker-client.ts'
import type { CallRequest, WorkerAnswer, WorkerLog } from './worker-client.ts'
import type { WorkerLimits } from './worker-settings.ts'

/** A worker that lived shorter than this is replaced only after as long: it may not be able to start at all. */
const RESTART_DELAY_MS = 200

/**
 * The place of one worker process. It is started when there is something for it to do, and again after it has ended.
 */
export class WorkerSlot {
  readonly #settings: WorkerLimits
  readonly #onLog: (log: WorkerLog) => void
  #worker: WorkerClient | null = null
  #starting: Promise<WorkerClient> | null = null
  #startedAt = -Infinity
  #isClosed = false
  #ended = 0
  /** Databases that it serves. */
  databases = 0

  constructor(settings: WorkerLimits, onLog: (log: WorkerLog) => void) {
    this.#settings = settings
    this.#onLog = onLog
  }

  get isRunning(): boolean {
    return this.#worker !== null
  }

  /** Workers that ended before they were told to. */
  get ended(): number {
    return this.#ended
  }

  get pendingCalls(): number {
    return this.#worker?.pendingCalls ?? 0
  }

  /**
   * @throws WorkerLostError when the process ends first; BusyError when it cannot be started; otherwise what
   * the worker answers
   */
  async call<N extends CallName>(
    name: N,
    args: WorkerCalls[N]['args'],
    request: CallRequest = {},
  ): Promise<WorkerAnswer<N>> {
    const worker = this.#worker ?? (await this.start())
    return worker.call(name, args, request)
  }

  /** @throws BusyError when the process cannot be started */
  async start(): Promise<WorkerClient> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null
    })
    return this.#starting
  }

  /** Ends the worker: in good order within `graceMs`, then at once. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true
    const worker = this.#worker ?? (await this.#starting?.catch(() => null)) ?? null
    if (worker === null) return
    const timer = setTimeout(() => worker.kill(), graceMs)
    await worker.call('shutdown', null).catch(() => {})
    await worker.exited
    clearTimeout(timer)
  }

  async #start(): Promise<WorkerClient> {
    const earliest = this.#startedAt + RESTART_DELAY_MS
    if (performance.now() < earliest) await delay(earliest - performance.now())
    this.#startedAt = performance.now()
    const worker = await WorkerClient.start(this.#settings, this.#onLog)
    this.#worker = worker
    void worker.exited.then(() => {
      this.#worker = null
      if (this.#isClosed) return
      this.#ended += 1
      this.#onLog({ level: 'warn', message: 'worker ended', workerProcessId: worker.processId })
    })
    return worker
  }
}
