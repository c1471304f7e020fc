import { Worker } from 'node:worker_threads'
import { BusyError } from '@tidemark/protocol'
import { siblingModule } from './sibling-module.ts'

/** Places in the shared memory, as 32-bit integers; {@link BEGUN} is the first of {@link BEGUN_PLACES}. */
export const CURRENT_CALL = 0
export const BEGUN = 2
export const BEGUN_PLACES = 254

export interface WatchdogInput {
  /** 32-bit integers as above. */
  readonly calls: SharedArrayBuffer
  /** One 64-bit float: when the current call's statement must have returned, milliseconds since the epoch; 0: no statement is running. */
  readonly deadline: SharedArrayBuffer
  readonly maxRssBytes: number
}

/** Why a worker ended itself. */
export interface Verdict {
  readonly reason: 'deadline' | 'memory'
  /** The call whose statement was running; 0 for none. */
  readonly callId: number
  /** Calls that may have had an effect. */
  readonly begun: readonly number[]
}

/**
 * Ends this process when a statement runs longer than it may, when it takes too much memory, or when the main process is gone.
 * Nothing gentler works: while SQLite runs a statement neither this thread's timers fire nor does terminating the thread stop it.
 */
export class Watchdog {
  readonly #calls = new Int32Array(new SharedArrayBuffer((BEGUN + BEGUN_PLACES) * 4))
  readonly #deadline = new Float64Array(new SharedArrayBuffer(8))

  start(maxRssBytes: number): void {
    const workerData: WatchdogInput = {
      calls: this.#calls.buffer,
      deadline: this.#deadline.buffer,
      maxRssBytes,
    }
    new Worker(siblingModule('watchdog-thread', import.meta.url), { workerData }).unref()
  }

  /** Runs `statement`, which may block, for a call. */
  run<T>(callId: number, allowanceMs: number, statement: () => T): T {
    this.#calls[CURRENT_CALL] = callId
    this.#deadline[0] = Date.now() + allowanceMs
    try {
      return statement()
    } finally {
      this.#deadline[0] = 0
      this.#calls[CURRENT_CALL] = 0
    }
  }

  /**
   * From now until the returned function is called, the call cannot be made again on another worker: it may have had an effect.
   *
   * @throws BusyError when too many calls are under way
   */
  begin(callId: number): () => void {
    const place = this.#calls.indexOf(0, BEGUN)
    if (place < 0) throw new BusyError('Too many SQL requests are running at the same time')
    this.#calls[place] = callId
    return () => {
      this.#calls[place] = 0
    }
  }
}
