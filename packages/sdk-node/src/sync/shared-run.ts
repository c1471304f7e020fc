import { untilAborted } from './turns.ts'

interface Run<T> {
  readonly result: Promise<T>
  readonly abort: AbortController
  /** How many wait for the result. */
  waiting: number
}

/**
 * Something that is done once for all who ask for it while it is being done, and given up when the last of
 * them gives up.
 */
export class SharedRun<T> {
  #current: Run<T> | null = null

  /** Joins what runs already, or calls `start`. @throws what that does; the signal's reason */
  async join(signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const current = (this.#current ??= this.#start(start))
    current.waiting += 1
    try {
      return await untilAborted(signal, current.result)
    } finally {
      current.waiting -= 1
      if (current.waiting === 0) {
        current.abort.abort(signal.reason)
        if (this.#current === current) this.#current = null
      }
    }
  }

  #start(start: (signal: AbortSignal) => Promise<T>): Run<T> {
    const abort = new AbortController()
    const result = start(abort.signal)
    // Who has given up does not hear of it.
    result.catch(() => undefined)
    return { result, abort, waiting: 0 }
  }
}
