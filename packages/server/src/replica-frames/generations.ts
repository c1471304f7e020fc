import { randomInt } from 'node:crypto'
import { StateError } from '@tidemark/protocol'
import type { History } from '../history/history.ts'
import { readGenerations, writeGenerations } from './generation-file.ts'
import type { Generation } from './generation-file.ts'

/** When a generation ends. */
export interface GenerationLimits {
  /**
   * A replica keeps a generation's frames in its WAL: beyond as many, or after as long, the next generation
   * lets it checkpoint.
   */
  readonly frames: number
  readonly ageMs: number
  /** Frames beyond which a new replica gets a newer file rather than the frames. */
  readonly framesBehindExport: number
}

const LIMITS: GenerationLimits = { frames: 4096, ageMs: 3_600_000, framesBehindExport: 256 }
/**
 * Where the first generation may lie: far from those of any other database, so that its replicas are known
 * for strangers.
 */
const FIRST = { min: 2 ** 20, max: 2 ** 31 } as const
/** A replica steps through generations one by one; one that is further back is of another database. */
const MAX_STEPS = 10_000

/** What a replica that asks for a frame is to be given. */
export type Position =
  /** Commits after `from`, of which it has the first `skip` frames. */
  | { readonly type: 'frames'; readonly from: number; readonly until: number; readonly skip: number }
  /** All pages at `at`, in `frames` frames; what it has is of a revision that is not kept any more. */
  | { readonly type: 'whole'; readonly at: number; readonly frames: number }
  /** It has all that there is in its generation; `newest` is the newest there is. */
  | { readonly type: 'end'; readonly newest: number }

/**
 * How the commits of a history are numbered for replicas of libSQL's client: generations, and in them frames,
 * one for each page of each commit. Such a replica names its place by these two numbers alone, and can do two
 * things: append frames to its WAL, or, told that there is a newer generation, checkpoint and go to frame 1
 * of the generation after its own.
 *
 * A generation is a run of commits of one epoch. The oldest ones are lost as the history lets go of their
 * commits. A replica that is in a lost one is led to the last lost one, and there given all pages as the
 * frames that follow the one it has; they reach the generation’s end, by which it is known not to need them
 * again.
 */
export class Generations {
  readonly #path: string
  readonly #history: History
  readonly #limits: GenerationLimits
  readonly #now: () => number
  #known: Generation[] | null = null

  constructor(
    path: string,
    history: History,
    limits: GenerationLimits = LIMITS,
    now: () => number = Date.now,
  ) {
    this.#path = path
    this.#history = history
    this.#limits = limits
    this.#now = now
  }

  /** The newest generation, for a replica that has nothing yet. */
  newest(): number {
    const { current, base } = this.#current()
    const frames = this.#framesOf(current, base)
    return frames > this.#limits.framesBehindExport ? this.#begin(frames).number : current.number
  }

  /** The sequence of the file that a generation goes out from. @throws StateError `TIDEMARK_REVISION_GONE` */
  baseOf(number: number): number {
    this.#current()
    const base = this.#sequenceOf(this.#all().find((generation) => generation.number === number))
    if (base !== null) return base
    throw gone(`Generation ${number} is not kept any more; ask for the newest`)
  }

  /** @throws StateError `TIDEMARK_REVISION_GONE` for a place that this database never had */
  locate(number: number, frame: number): Position {
    const { current } = this.#current()
    const generation = this.#all().find((other) => other.number === number)
    if (generation === undefined) return this.#locateUnknown(number, current.number)
    const base = this.#sequenceOf(generation)
    if (base === null) return this.#locateLost(generation, frame, current.number)
    const frames = this.#framesOf(generation, base)
    if (frame > frames + 1) throw stranger()
    if (frame === frames + 1) return { type: 'end', newest: this.#newestAfter(generation, base, frames) }
    const until = this.#lastOf(generation, base)
    const from = this.#commitBefore(base, until, frame)
    return { type: 'frames', from, until, skip: frame - 1 - this.#history.imagesBetween(base, from) }
  }

  #locateUnknown(number: number, current: number): Position {
    if (number > current || number < current - MAX_STEPS) throw stranger()
    return { type: 'end', newest: current }
  }

  #locateLost(generation: Generation, frame: number, current: number): Position {
    const next = this.#all().find((other) => other.number === generation.number + 1)
    const at = this.#sequenceOf(next)
    const end = generation.frames!
    if (at === null || frame > end) return { type: 'end', newest: current }
    const sizeInPages = this.#history.sizeAt(at)
    if (sizeInPages === 0) return { type: 'end', newest: current }
    return { type: 'whole', at, frames: Math.max(sizeInPages, end + 1 - frame) }
  }

  /**
   * The generation that grows. Where its beginning is lost, so is the count of its frames: a generation of
   * nothing but all pages follows it.
   */
  #current(): { readonly current: Generation; readonly base: number } {
    this.#known ??= readGenerations(this.#path) ?? [this.#create(randomInt(FIRST.min, FIRST.max))]
    const current = this.#known.at(-1)!
    const base = this.#sequenceOf(current)
    if (base !== null) {
      this.#forgetLost()
      return { current, base }
    }
    const bridge: Generation = { number: current.number + 1, base: null, frames: 1, createdMs: this.#now() }
    this.#save([bridge, this.#create(bridge.number + 1)])
    return { current: this.#all().at(-1)!, base: this.#history.head }
  }

  #all(): Generation[] {
    return this.#known!
  }

  /** Only the last lost one is of use. */
  #forgetLost(): void {
    const firstKept = this.#all().findIndex((generation) => this.#sequenceOf(generation) !== null)
    if (firstKept > 1) this.#known = this.#all().slice(firstKept - 1)
  }

  #newestAfter(generation: Generation, base: number, frames: number): number {
    const newest = this.#all().at(-1)!
    if (generation !== newest) return newest.number
    const isDue =
      frames >= this.#limits.frames ||
      this.#lastOf(generation, base) < this.#history.head ||
      this.#now() - generation.createdMs > this.#limits.ageMs
    return isDue && frames > 0 ? this.#begin(frames).number : newest.number
  }

  /** Ends the newest generation, which has `frames` frames, and begins another. */
  #begin(frames: number): Generation {
    const ended = this.#all().at(-1)!
    const end = this.#lastOf(ended, this.#sequenceOf(ended)!)
    const begun = this.#create(ended.number + 1, end)
    this.#save([...this.#all().slice(0, -1), { ...ended, frames }, begun])
    return begun
  }

  #create(number: number, at: number = this.#history.head): Generation {
    const created = { number, base: this.#history.formatRevision(at), frames: null, createdMs: this.#now() }
    if (this.#known === null) writeGenerations(this.#path, [created])
    return created
  }

  #save(generations: Generation[]): void {
    writeGenerations(this.#path, generations)
    this.#known = generations
  }

  #sequenceOf(generation: Generation | undefined): number | null {
    const base = generation?.base ?? null
    return base === null ? null : this.#history.resolveRevision(base)
  }

  /** The last commit of a generation that is kept and goes out from `base`. */
  #lastOf(generation: Generation, base: number): number {
    const next = this.#all().find((other) => other.number === generation.number + 1)
    if (next !== undefined) return this.#sequenceOf(next)!
    const { head } = this.#history
    return base === head ? head : this.#history.endOfEpoch(base + 1)
  }

  #framesOf(generation: Generation, base: number): number {
    return generation.frames ?? this.#history.imagesBetween(base, this.#lastOf(generation, base))
  }

  /** The last sequence before whose end fewer than `frame` frames were written since `base`. */
  #commitBefore(base: number, until: number, frame: number): number {
    let low = base
    let high = until
    while (low + 1 < high) {
      const middle = (low + high) >>> 1
      if (this.#history.imagesBetween(base, middle) < frame) low = middle
      else high = middle
    }
    return low
  }
}

function stranger(): StateError {
  return gone(
    'The replica is not one of this database as it is now: the database was restored from a backup or created again. Delete the replica’s files and sync again',
  )
}

function gone(message: string): StateError {
  return new StateError('TIDEMARK_REVISION_GONE', message, { recovery: 'reset' })
}
