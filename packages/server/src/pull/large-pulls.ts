import { BusyError } from '@tidemark/protocol'

/** Chunks that a pull compresses while the one before them is sent. */
const CHUNKS_AHEAD = 3
/** Pulls that do so. What is ahead takes memory however slowly it is taken, and a few pulls are enough for all processors. */
const MAX_PULLS_AHEAD = 8
/** What one pull more takes: the images of a chunk, as they are read, joined, compressed, and on their way. */
const BYTES_OF_A_PULL = 1.5 * 1024 * 1024
const RETRY_AFTER_MS = 5000

/** The pulls of more than one chunk that are under way in a process, whose memory they share. */
export class LargePulls {
  readonly #most: number
  #underWay = 0
  #ahead = 0

  /** @param maxBytes what all of them may take */
  constructor(maxBytes: number) {
    this.#most = Math.max(Math.floor(maxBytes / BYTES_OF_A_PULL), MAX_PULLS_AHEAD)
  }

  /** @throws BusyError where there is no memory for one more */
  requireRoom(): void {
    if (this.#underWay < this.#most) return
    throw new BusyError('The server sends whole databases to as many clients as it can', {
      retryAfterMs: RETRY_AFTER_MS,
    })
  }

  /** Begins a pull, which may compress so many chunks ahead of what is sent until `end` is called. */
  begin(): { readonly chunksAhead: number; readonly end: () => void } {
    const isAhead = this.#ahead < MAX_PULLS_AHEAD
    this.#underWay += 1
    if (isAhead) this.#ahead += 1
    return {
      chunksAhead: isAhead ? CHUNKS_AHEAD : 0,
      end: () => {
        this.#underWay -= 1
        if (isAhead) this.#ahead -= 1
      },
    }
  }
}
