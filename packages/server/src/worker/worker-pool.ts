import { setTimeout as delay } from 'node:timers/promises'
import { BusyError, LimitError } from '@tidemark/protocol'
import type { TidemarkError } from '@tidemark/protocol'
import type { CallName, DatabaseRef, WorkerCalls } from './worker-calls.ts'
import { WorkerLostError } from './worker-client.ts'
import type { CallRequest, WorkerAnswer, WorkerLog } from './worker-client.ts'
import type { WorkerLimits } from './worker-settings.ts'
import { WorkerSlot } from './worker-slot.ts'

/** Calls that may be made twice. A push carries an id by which the database knows it. */
const REPEATABLE = new Set<CallName>(['pull', 'push', 'pageHashes', 'replica', 'status', 'release'])
const ATTEMPTS = 3

/**
 * The worker processes. A database is always served by the same one, so that it is open once. A worker that
 * ends is replaced; what it had not begun, or may do again, is asked of its successor, so that only the
 * tenant whose statement ended it sees an error, and who was sending a large push, which is to be sent again.
 */
export class WorkerPool {
  readonly #slots: readonly WorkerSlot[]
  readonly #slotOf = new Map<string, WorkerSlot>()
  readonly #isServed: (database: DatabaseRef) => boolean
  #isClosing = false

  /**
   * @param isServed false for a database that is being deleted: a request that has found it before may arrive slowly
   */
  constructor(
    count: number,
    settings: WorkerLimits,
    isServed: (database: DatabaseRef) => boolean,
    onLog: (log: WorkerLog) => void,
  ) {
    this.#isServed = isServed
    this.#slots = Array.from({ length: count }, () => new WorkerSlot(settings, onLog))
    // What keeps it from starting is in the log; whoever asks for a database has it tried again.
    this.#slots[0]?.start().catch(() => {})
  }

  /**
   * @throws LimitError when the call's statement took too long or too much memory; BusyError when its fate is
   * unknown, the database was deleted, or no worker can be started
   */
  async call<N extends CallName>(
    name: N,
    database: DatabaseRef,
    args: WorkerCalls[N]['args'],
    request: CallRequest = {},
  ): Promise<WorkerAnswer<N>> {
    const slot = this.#slotFor(database.id)
    for (let attempt = 1; ; attempt++) {
      if (this.#isClosing) throw new BusyError('The server is shutting down')
      // Opened anew, it would keep its space on the disk.
      if (name !== 'release' && !this.#isServed(database))
        throw new BusyError('The database was deleted meanwhile')
      try {
        return await slot.call(name, args, request)
      } catch (error) {
        if (!(error instanceof WorkerLostError)) throw error
        const isSpent = request.rest !== undefined && request.rest !== null
        if (attempt === ATTEMPTS || isSpent || !canRepeat(name, error)) throw explain(name, error)
      }
    }
  }

  /** The database is gone: its place is free for another. */
  forget(databaseId: string): void {
    const slot = this.#slotOf.get(databaseId)
    if (slot !== undefined) slot.databases -= 1
    this.#slotOf.delete(databaseId)
  }

  counts(): { readonly running: number; readonly ended: number; readonly pendingCalls: number } {
    let running = 0
    let ended = 0
    let pendingCalls = 0
    for (const slot of this.#slots) {
      running += slot.isRunning ? 1 : 0
      ended += slot.ended
      pendingCalls += slot.pendingCalls
    }
    return { running, ended, pendingCalls }
  }

  /** Whether a worker answers `withinMs`. One that runs a statement does not. */
  async isReady(withinMs: number): Promise<boolean> {
    const running = this.#slots.filter(({ isRunning }) => isRunning)
    const answered = Promise.any(
      (running.length > 0 ? running : this.#slots.slice(0, 1)).map(async (slot) => slot.call('ping', null)),
    ).then(
      () => true,
      () => false,
    )
    return Promise.race([answered, delay(withinMs, false, { ref: false })])
  }

  /** Lets long polls end. */
  async drain(): Promise<void> {
    const running = this.#slots.filter(({ isRunning }) => isRunning)
    await Promise.allSettled(running.map(async (slot) => slot.call('drain', null)))
  }

  /** Ends all workers: in good order within `graceMs`, then at once. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    await Promise.all(this.#slots.map(async (slot) => slot.close(graceMs)))
  }

  #slotFor(databaseId: string): WorkerSlot {
    const known = this.#slotOf.get(databaseId)
    if (known !== undefined) return known
    const slot = this.#slots.reduce((least, other) => (other.databases < least.databases ? other : least))
    slot.databases += 1
    this.#slotOf.set(databaseId, slot)
    return slot
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
          'The process that ran the statement ended; it is unknown whether the statement had an effect',
          { cause: error, code: 'TIDEMARK_OUTCOME_UNKNOWN' },
        )
  }
  const what =
    verdict.reason === 'deadline' ? 'ran longer than statements may' : 'took more memory than statements may'
  return new LimitError(`The statement ${what} and was ended`, { cause: error })
}
