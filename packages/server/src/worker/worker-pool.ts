import { setTimeout as delay } from 'node:timers/promises'
import { BusyError, LimitError } from '@tidemark/protocol'
import type { TidemarkError } from '@tidemark/protocol'
import type { CallName, DatabaseRef, WorkerCalls } from './worker-calls.ts'
import { WorkerClient, WorkerLostError } from './worker-client.ts'
import type { WorkerAnswer, WorkerLog } from './worker-client.ts'
import type { WorkerSettings } from './worker-settings.ts'

/** Calls that may be made twice. A push carries an id by which the database knows it. */
const REPEATABLE = new Set<CallName>(['pull', 'push', 'pageHashes', 'status', 'release'])
const ATTEMPTS = 3
const RESTART_DELAY_MS = 200

interface Slot {
  worker: WorkerClient
  databases: number
}

/**
 * The worker processes. A database is always served by the same one, so that it is open once. A worker that ends is replaced;
 * what it had not begun, or may do again, is asked of its successor, so that only the tenant whose statement ended it sees an error.
 */
export class WorkerPool {
  readonly #settings: WorkerSettings
  readonly #onLog: (log: WorkerLog) => void
  readonly #slots: Slot[] = []
  readonly #slotOf = new Map<string, Slot>()
  #isClosing = false

  constructor(count: number, settings: WorkerSettings, onLog: (log: WorkerLog) => void) {
    this.#settings = settings
    this.#onLog = onLog
    for (let i = 0; i < count; i++) {
      const slot: Slot = { worker: this.#start(), databases: 0 }
      this.#slots.push(slot)
      void this.#watch(slot)
    }
  }

  /** @throws LimitError when the call's statement took too long or too much memory; BusyError when its fate is unknown */
  async call<N extends CallName>(
    name: N,
    database: DatabaseRef,
    args: WorkerCalls[N]['args'],
    options: { readonly bytes?: Uint8Array; readonly signal?: AbortSignal } = {},
  ): Promise<WorkerAnswer<N>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#slotFor(database.id).worker.call(name, args, options.bytes, options.signal)
      } catch (error) {
        if (!(error instanceof WorkerLostError)) throw error
        if (this.#isClosing || attempt === ATTEMPTS || !canRepeat(name, error)) throw explain(name, error)
        await this.#slotFor(database.id).worker.exited
      }
    }
  }

  /** The database is gone: its place is free for another. */
  forget(databaseId: string): void {
    const slot = this.#slotOf.get(databaseId)
    if (slot !== undefined) slot.databases -= 1
    this.#slotOf.delete(databaseId)
  }

  /** Whether every worker answers. */
  async isReady(): Promise<boolean> {
    const answers = await Promise.allSettled(this.#slots.map(async ({ worker }) => worker.call('ping', null)))
    return answers.every(({ status }) => status === 'fulfilled')
  }

  /** Lets long polls end. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#slots.map(async ({ worker }) => worker.call('drain', null)))
  }

  /** Ends all workers: in good order within `graceMs`, then at once. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    await Promise.all(
      this.#slots.map(async ({ worker }) => {
        const timer = setTimeout(() => worker.kill(), graceMs)
        await worker.call('shutdown', null).catch(() => {})
        await worker.exited
        clearTimeout(timer)
      }),
    )
  }

  #slotFor(databaseId: string): Slot {
    const known = this.#slotOf.get(databaseId)
    if (known !== undefined) return known
    const slot = this.#slots.reduce((least, other) => (other.databases < least.databases ? other : least))
    slot.databases += 1
    this.#slotOf.set(databaseId, slot)
    return slot
  }

  #start(): WorkerClient {
    return new WorkerClient(this.#settings, this.#onLog)
  }

  /** Replaces the slot's worker before anyone who waited for its end goes on. */
  async #watch(slot: Slot): Promise<void> {
    while (!this.#isClosing) {
      const { worker } = slot
      const startedAt = performance.now()
      await worker.exited
      if (this.#isClosing) return
      // One that cannot even start is not to be started in a busy loop.
      if (performance.now() - startedAt < RESTART_DELAY_MS) await delay(RESTART_DELAY_MS)
      this.#onLog({
        level: 'warn',
        message: 'worker ended and is replaced',
        workerProcessId: worker.processId,
      })
      slot.worker = this.#start()
    }
  }
}

function canRepeat(name: CallName, { callId, verdict }: WorkerLostError): boolean {
  if (verdict?.callId === callId) return false
  return REPEATABLE.has(name) || (verdict !== null && !verdict.begun.includes(callId))
}

function explain(name: CallName, error: WorkerLostError): TidemarkError {
  const { callId, verdict } = error
  if (verdict?.callId !== callId) {
    return name === 'pull'
      ? error
      : new BusyError(
          'The database was busy failing over; it is unknown whether the statement had an effect',
          { cause: error, code: 'TIDEMARK_OUTCOME_UNKNOWN' },
        )
  }
  const what =
    verdict.reason === 'deadline' ? 'ran longer than statements may' : 'took more memory than statements may'
  return new LimitError(`The statement ${what} and was ended`, { cause: error })
}
