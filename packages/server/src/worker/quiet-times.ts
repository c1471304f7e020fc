import type { CallName, PullResult, WorkerCall, WorkerCalls } from './worker-calls.ts'
import type { WorkerAnswer } from './worker-client.ts'

/**
 * An answer is given again for so long at most, milliseconds. What was committed and never acknowledged,
 * since recording it failed, is brought into the history by who asks the worker: so that is done.
 */
const LONGEST_MS = 1000
/** Databases of which an answer is kept, and bytes of a request and of an answer that are. */
const MOST_DATABASES = 1024
const MOST_BYTES = 512

type PullArgs = WorkerCalls['pull']['args']

/** What a worker said to a pull. */
export interface PullSaid {
  readonly result: PullResult
  readonly bytes: Uint8Array
}

interface KnownAnswer extends PullSaid {
  readonly request: Uint8Array
  readonly expiresAt: number
}

/** A time in which nothing but pulls is asked of a database. */
interface QuietTime {
  known: KnownAnswer | null
}

/** What is to be told of a call that is sent to the worker. */
export interface CallNews {
  answered(said: Pick<WorkerAnswer<CallName>, 'result' | 'bytes'>): void
  ended(): void
}

const NO_NEWS: CallNews = { answered: () => {}, ended: () => {} }

/**
 * Knows the pulls that brought nothing: while nothing but pulls is asked of a database, who asks the same is
 * answered the same, without the hop to the worker.
 *
 * An answer is only kept, and only given, in the quiet time in which its pull was sent: one that begins when
 * no other call to the database is under way, and ends when one is sent. So each commit that was acknowledged
 * before a pull came is in what that pull is told. Who calls has checked already that the caller may read.
 */
export class QuietTimes {
  readonly #times = new Map<string, QuietTime>()
  /** Calls under way that are no pulls, by database. */
  readonly #others = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** What the worker would say; null: it has to be asked. */
  answerTo({ name, args }: WorkerCall, request: Uint8Array): PullSaid | null {
    if (name !== 'pull' || !isWholePull(args)) return null
    const known = this.#times.get(args.database.id)?.known ?? null
    if (known === null || known.expiresAt <= this.#now()) return null
    return Buffer.compare(known.request, request) === 0 ? known : null
  }

  /** A call is sent to the worker. */
  begin({ name, args }: WorkerCall, request: Uint8Array): CallNews {
    if (name === 'pull') return this.#beginPull(args, request)
    if (name === 'release') return this.#beginOther(args.databaseId)
    return args === null ? NO_NEWS : this.#beginOther(args.database.id)
  }

  #beginPull(args: PullArgs, request: Uint8Array): CallNews {
    if (this.#others.has(args.database.id)) return NO_NEWS
    // One that has ended meanwhile is nobody's any more.
    const time = this.#timeOf(args.database.id)
    return isWholePull(args) && isShort(request) ? this.#keeping(time, request) : onlyForgetting(time)
  }

  #keeping(time: QuietTime, request: Uint8Array): CallNews {
    return {
      ...NO_NEWS,
      answered: ({ result, bytes }) => {
        const said = { result: result as PullResult, bytes }
        if (said.result.isNothingNew && isShort(bytes)) time.known = this.#kept(request, said)
        else forgetOther(time, said.result)
      },
    }
  }

  #beginOther(databaseId: string): CallNews {
    this.#times.delete(databaseId)
    this.#others.set(databaseId, (this.#others.get(databaseId) ?? 0) + 1)
    return {
      ...NO_NEWS,
      ended: () => {
        const left = this.#others.get(databaseId)! - 1
        if (left === 0) this.#others.delete(databaseId)
        else this.#others.set(databaseId, left)
      },
    }
  }

  #timeOf(databaseId: string): QuietTime {
    const time = this.#times.get(databaseId) ?? { known: null }
    this.#times.delete(databaseId)
    this.#times.set(databaseId, time)
    if (this.#times.size > MOST_DATABASES) {
      const [longestUnused] = this.#times.keys()
      this.#times.delete(longestUnused!)
    }
    return time
  }

  /** Copies: what was received are parts of larger pieces. */
  #kept(request: Uint8Array, { result, bytes }: PullSaid): KnownAnswer {
    return {
      request: Uint8Array.from(request),
      result,
      bytes: Uint8Array.from(bytes),
      expiresAt: this.#now() + LONGEST_MS,
    }
  }
}

/** For a pull whose answer is not kept, nor its request, which may be large. */
function onlyForgetting(time: QuietTime): CallNews {
  return { ...NO_NEWS, answered: ({ result }) => forgetOther(time, result as PullResult) }
}

/** Where there is another revision now, something was brought into the history without a call. */
function forgetOther(time: QuietTime, { revision }: PullResult): void {
  if (revision !== time.known?.result.revision) time.known = null
}

/** Not the rest of one that another worker began. */
function isWholePull({ isTidemark, skipBytes, pinnedRevision }: PullArgs): boolean {
  return isTidemark && skipBytes === 0 && pinnedRevision === null
}

function isShort(bytes: Uint8Array): boolean {
  return bytes.byteLength <= MOST_BYTES
}
