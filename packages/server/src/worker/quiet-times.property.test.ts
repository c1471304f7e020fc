import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QuietTimes } from './quiet-times.ts'
import type { CallNews } from './quiet-times.ts'
import type { WorkerCall } from './worker-calls.ts'

const database = { id: 'one', name: 'one', directory: '/nowhere' }
const caller = { access: 'write', party: 'someone' } as const
const WRITE: WorkerCall = { name: 'push', args: { database, caller, isWhole: true } }
const PULL: WorkerCall = {
  name: 'pull',
  args: { database, isTidemark: true, skipBytes: 0, pinnedRevision: null },
}
const NO_BYTES = new Uint8Array(0)

/** The same request for the same revision, as clients of that revision make it. */
function requestAt(revision: number): Uint8Array {
  return Uint8Array.of(revision)
}

/** A worker with one database, whose calls take their steps when they are told to. */
class World {
  readonly quietTimes: QuietTimes
  /** The newest commit, and the newest that somebody was told of. */
  head = 0
  acknowledged = 0
  /** How often a pull was answered without the worker. */
  known = 0
  readonly #writes: CallNews[] = []
  readonly #pulls: { readonly client: number; readonly news: CallNews; readHead: number | null }[] = []

  constructor(now: () => number = () => 0) {
    this.quietTimes = new QuietTimes(now)
  }

  beginWrite(): void {
    this.#writes.push(this.quietTimes.begin(WRITE, NO_BYTES))
  }

  commit(): void {
    if (this.#writes.length > 0) this.head += 1
  }

  endWrite(): void {
    const news = this.#writes.shift()
    if (news === undefined) return
    news.answered({ result: null, bytes: NO_BYTES })
    news.ended()
    this.acknowledged = this.head
  }

  /** A client that is `behind` commits behind. */
  pull(behind: number): void {
    const client = Math.max(this.head - behind, 0)
    const known = this.quietTimes.answerTo(PULL, requestAt(client))
    if (known === null) {
      const news = this.quietTimes.begin(PULL, requestAt(client))
      this.#pulls.push({ client, news, readHead: null })
      return
    }
    this.known += 1
    expect(known.result.revision).toBe(String(client))
    expect(client).toBeGreaterThanOrEqual(this.acknowledged)
  }

  readAtWorker(which: number): void {
    const pull = this.#pulls[which % Math.max(this.#pulls.length, 1)]
    if (pull !== undefined) pull.readHead ??= this.head
  }

  endPull(which: number): void {
    const index = which % Math.max(this.#pulls.length, 1)
    const pull = this.#pulls[index]
    if (pull === undefined || pull.readHead === null) return
    this.#pulls.splice(index, 1)
    const isNothingNew = pull.client === pull.readHead
    const result = { revision: String(pull.readHead), contentLength: null, isNothingNew }
    pull.news.answered({ result, bytes: requestAt(pull.readHead) })
    pull.news.ended()
  }
}

/** A pull of a client that has all, answered by the worker, where it was not answered before. */
function pullNothing(world: World): void {
  world.pull(0)
  world.readAtWorker(0)
  world.endPull(0)
}

const step = fc.oneof(
  fc.constant(pullNothing),
  fc.constant((world: World) => world.beginWrite()),
  fc.constant((world: World) => world.commit()),
  fc.constant((world: World) => world.endWrite()),
  fc.nat(1).map((behind) => (world: World) => world.pull(behind)),
  fc.nat(3).map((which) => (world: World) => world.readAtWorker(which)),
  fc.nat(3).map((which) => (world: World) => world.endPull(which)),
)

describe('quiet times', () => {
  test('a pull that is told what another was told is told all that was acknowledged before it', () => {
    let known = 0
    const property = fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const world = new World()
      for (const run of steps) run(world)
      known += world.known
    })
    fc.assert(property, { numRuns: 2000 })
    expect(known).toBeGreaterThan(100)
  })

  test('who asks the same is answered without the worker, until something else is asked of the database', () => {
    const world = new World()
    pullNothing(world)
    world.pull(0)
    expect(world.known).toBe(1)
    world.beginWrite()
    world.endWrite()
    world.pull(0)
    expect(world.known).toBe(1)
  })

  test('while something else is under way nothing is kept', () => {
    const world = new World()
    world.beginWrite()
    pullNothing(world)
    world.pull(0)
    expect(world.known).toBe(0)
  })

  test('a pull that is told another revision ends what is known', () => {
    const world = new World()
    pullNothing(world)
    const news = world.quietTimes.begin(PULL, requestAt(9))
    news.answered({ result: { revision: '9', contentLength: null, isNothingNew: true }, bytes: NO_BYTES })
    expect(world.quietTimes.answerTo(PULL, requestAt(0))).toBeNull()
    expect(world.quietTimes.answerTo(PULL, requestAt(9))?.result.revision).toBe('9')
  })

  test('an answer is given again for a second', () => {
    let now = 0
    const world = new World(() => now)
    pullNothing(world)
    now = 999
    world.pull(0)
    now = 1000
    world.pull(0)
    expect(world.known).toBe(1)
  })

  test('a database is not told what another one was told, nor a client of another dialect', () => {
    const world = new World()
    pullNothing(world)
    const { args } = PULL
    const others = [
      { ...args, database: { ...database, id: 'two' } },
      { ...args, isTidemark: false },
      { ...args, skipBytes: 3 },
      { ...args, pinnedRevision: '0' },
    ]
    for (const other of others)
      expect(world.quietTimes.answerTo({ name: 'pull', args: other }, requestAt(0))).toBeNull()
  })

  test('what is long is not kept, nor anything of more than a thousand databases', () => {
    const quietTimes = new QuietTimes(() => 0)
    const askOf = (id: string, request: Uint8Array): WorkerCall => {
      const { args } = PULL
      const call: WorkerCall = { name: 'pull', args: { ...args, database: { ...database, id } } }
      const result = { revision: '0', contentLength: null, isNothingNew: true }
      quietTimes.begin(call, request).answered({ result, bytes: NO_BYTES })
      return call
    }
    const long = new Uint8Array(513)
    expect(quietTimes.answerTo(askOf('long', long), long)).toBeNull()
    const calls = Array.from({ length: 1025 }, (_, index) => askOf(String(index), NO_BYTES))
    expect(quietTimes.answerTo(calls[0]!, NO_BYTES)).toBeNull()
    expect(quietTimes.answerTo(calls[1]!, NO_BYTES)).not.toBeNull()
  })
})
