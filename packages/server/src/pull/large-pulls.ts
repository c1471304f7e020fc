import { BusyError } from '@tidemark/protocol'

/** Chunks that a pull compresses while the one before them is sent. */
const CHUNKS_AHEAD = 3
/**
 * Pulls that do so. What is ahead takes memory however slowly it is taken, and a few pulls are enough for all
 * processors.
 */
const MAX_PULLS_AHEAD = 8
/** What one pull more takes: the images of a chunk, as they are read, joined, compressed, and on their way. */
const BYTES_OF_A_PULL = 1.5 * 1024 * 1024
const RETRY_AFTER_MS = 5000

/** The place of one pull among those that are under way. */
export interface LargePull {
  /** Asked when it begins to compress: so many chunks may be ahead of the one that is sent. */
  chunksAhead(): number
  /** To be called when its last byte was taken, or nobody wants it any more. */
  end(): void
}

/** The pulls of more than one chunk that are under way in a process, whose memory they share. */
export class LargePulls {
  #freeBytes: number
  #underWay = 0
  #ahead = 0

  /** @param maxBytes what all of them may take; a few are let in however little that is */
  constructor(maxBytes: number) {
    this.#freeBytes = Math.max(maxBytes, MAX_PULLS_AHEAD * BYTES_OF_A_PULL)
  }

  /**
   * Takes the memory for one more; one that is alone is let in however much it takes.
   *
   * @param bytesBeside what it keeps besides its chunks until it ends: the list of its pages, the rows that
   * it refers to
   * @throws BusyError where there is no memory
   */
  begin(bytesBeside: number): LargePull {
    const bytes = BYTES_OF_A_PULL + bytesBeside
    if (bytes > this.#freeBytes && this.#underWay > 0) {
      throw new BusyError('The server sends whole databases to as many clients as it can', {
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
    this.#freeBytes -= bytes
    this.#underWay += 1
    let isAhead = false
    return {
      chunksAhead: () => {
        if (!isAhead && this.#ahead < MAX_PULLS_AHEAD) {
          isAhead = true
          this.#ahead += 1
        }
        return isAhead ? CHUNKS_AHEAD : 0
      },
      end: () => {
        this.#freeBytes += bytes
        this.#underWay -= 1
        if (isAhead) this.#ahead -= 1
      },
    }
  }
}
