import { BusyError } from '@tidemark/protocol'

export interface Turn {
  /** May be called more than once. */
  release(): void
}

interface Waiting {
  readonly start: () => void
}

/**
 * One writer at a time. Those who wait are served party by party in rotation, so that a party with many
 * requests delays the others by one request each time, not by all of them; within a party, first come first
 * served.
 */
export class TurnQueue {
  #isHeld = false
  /** In order of service; a party that has been served goes to the end. */
  readonly #parties = new Map<string, Waiting[]>()

  get isHeld(): boolean {
    return this.#isHeld
  }

  get waiting(): number {
    let count = 0
    for (const queue of this.#parties.values()) count += queue.length
    return count
  }

  /**
   * Resolves when the turn is the caller's.
   *
   * @throws BusyError when `waitMs` passes or `signal` aborts before
   */
  async acquire(party: string, waitMs: number, signal?: AbortSignal): Promise<Turn> {
    if (signal?.aborted === true) throw new BusyError('Nobody waits for the turn any more')
    if (!this.#isHeld) return this.#begin()
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        start: () => {
          cleanUp()
          resolve(this.#begin())
        },
      }
      const giveUp = (): void => {
        cleanUp()
        this.#remove(party, waiting)
        reject(
          new BusyError('Other writers kept the database busy', { retryAfterMs: Math.min(waitMs, 1000) }),
        )
      }
      const timer = setTimeout(giveUp, waitMs)
      const cleanUp = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
      }
      signal?.addEventListener('abort', giveUp)
      const queue = this.#parties.get(party)
      if (queue === undefined) this.#parties.set(party, [waiting])
      else queue.push(waiting)
    })
  }

  #begin(): Turn {
    this.#isHeld = true
    let isOver = false
    return {
      release: () => {
        if (isOver) return
        isOver = true
        this.#isHeld = false
        this.#serveNext()
      },
    }
  }

  #serveNext(): void {
    const [next] = this.#parties
    if (next === undefined) return
    const [party, queue] = next
    const waiting = queue.shift()
    this.#parties.delete(party)
    if (queue.length > 0) this.#parties.set(party, queue)
    waiting?.start()
  }

  #remove(party: string, waiting: Waiting): void {
    const queue = this.#parties.get(party)
    if (queue === undefined) return
    queue.splice(queue.indexOf(waiting), 1)
    if (queue.length === 0) this.#parties.delete(party)
  }
}
