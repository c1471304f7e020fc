import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { BusyError } from '@tidemark/protocol'
import { siblingModule } from './sibling-module.ts'
import { BEGUN, BEGUN_PLACES, CURRENT_CALL, monotonicMs } from './watchdog-memory.ts'
import type { WatchdogInput } from './watchdog-memory.ts'

/**
 * Ends this process when a statement runs longer than it may, when it takes too much memory, or when the main
 * process is gone. Nothing gentler works: while SQLite runs a statement neither this thread's timers fire nor
 * does terminating the thread stop it.
 */
export class Watchdog {
  readonly #calls = new Int32Array(new SharedArrayBuffer((BEGUN + BEGUN_PLACES) * 4))
  readonly #deadline = new Float64Array(new SharedArrayBuffer(8))

  /** Until its thread watches: that has all files open then that it needs. */
  async start(limits: Pick<WatchdogInput, 'maxRssBytes' | 'mainProcessId'>): Promise<void> {
    const workerData: WatchdogInput = {
      calls: this.#calls.buffer,
      deadline: this.#deadline.buffer,
      ...limits,
    }
    const thread = new Worker(siblingModule('watchdog-thread', import.meta.url), { workerData })
    await once(thread, 'message')
    thread.unref()
  }

  /** Runs `statement`, which may block, for a call. */
  run<T>(callId: number, allowanceMs: number, statement: () => T): T {
    this.#calls[CURRENT_CALL] = callId
    this.#deadline[0] = monotonicMs() + allowanceMs
    try {
      return statement()
    } finally {
      this.#deadline[0] = 0
      this.#calls[CURRENT_CALL] = 0
    }
  }

  /**
   * From now until the returned function is called, the call cannot be made again on another worker: it may
   * have had an effect.
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
