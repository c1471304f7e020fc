import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FRAME_SIZE, PAGE_SIZE } from '@tidemark/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { imageOf, ModelDatabase } from '../../test/history-model.ts'
import { Generations } from './generations.ts'
import type { GenerationLimits } from './generations.ts'
import { serveReplica } from './serve-replica.ts'

const REPLICAS = 3
const MAX_STEPS = 500
const LIMITS: GenerationLimits = { frames: 8, ageMs: 1000, framesBehindExport: 4 }

type Action =
  | { readonly type: 'commit'; readonly grow: number; readonly pages: readonly number[] }
  | { readonly type: 'checkpoint' | 'reopen' | 'replace' | 'wait' }
  | { readonly type: 'compact'; readonly bytes: number }
  | { readonly type: 'sync' | 'bootstrap'; readonly replica: number }

const replica = fc.integer({ min: 0, max: REPLICAS - 1 })

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('commit' as const),
      grow: fc.integer({ min: 0, max: 2 }),
      pages: fc.array(fc.integer({ min: 1, max: 24 }), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('sync' as const), replica }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('bootstrap' as const), replica }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('checkpoint' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('compact' as const),
      bytes: fc.integer({ min: 0, max: 200_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('reopen' as const, 'wait' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('replace' as const) }) },
)

/** The server's side: a database whose history may be lost, or replaced by another under the same generations. */
class Primary {
  readonly #directory: string
  #histories = 0
  #seed = 1000
  database: ModelDatabase
  generations: Generations

  constructor(directory: string) {
    this.#directory = directory
    this.database = this.#begin()
    this.generations = this.#open()
  }

  perform(step: Action): void {
    if (step.type === 'commit') this.database.commit(this.#commit(step.grow, step.pages))
    else if (step.type === 'checkpoint') this.database.checkpoint()
    else if (step.type === 'compact') this.database.compact(step.bytes)
    else if (step.type === 'wait') this.database.nowMs += 2000
    else if (step.type === 'reopen') this.database.reopen()
    else if (step.type === 'replace') {
      const { nowMs } = this.database
      this.database.history.close()
      this.database = this.#begin()
      this.database.nowMs = nowMs
    }
    if (step.type === 'reopen' || step.type === 'replace') this.generations = this.#open()
  }

  #begin(): ModelDatabase {
    return new ModelDatabase(join(this.#directory, `history-${this.#histories++}`), 3, 40_000)
  }

  #open(): Generations {
    const { database } = this
    return new Generations(
      join(this.#directory, 'generations.json'),
      database.history,
      LIMITS,
      () => database.nowMs,
    )
  }

  #commit(grow: number, pages: readonly number[]): { size: number; changes: Map<number, number> } {
    const before = this.database.history.sizeAt(this.database.head)
    const size = before + grow
    const changes = new Map<number, number>()
    for (let page = before + 1; page <= size; page++) changes.set(page, this.#seed++)
    for (const page of pages) changes.set(((page - 1) % size) + 1, this.#seed++)
    return { size, changes }
  }
}

/** Does what libSQL's client does with what it is answered. */
class SimulatedReplica {
  #generation = 0
  #frame = 0
  #pages: Buffer[] = []

  bootstrap({ database, generations }: Primary): void {
    this.#generation = serveReplica(database.history, generations, { type: 'info' }).generation!
    const file = { type: 'export', generation: this.#generation } as const
    const { contentLength, chunks } = serveReplica(database.history, generations, file)
    const bytes = Buffer.concat([...chunks])
    expect(bytes.byteLength).toBe(contentLength)
    this.#frame = 0
    this.#pages = slices(bytes, PAGE_SIZE)
  }

  sync(primary: Primary): void {
    if (this.#generation === 0) this.bootstrap(primary)
    const { database, generations } = primary
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const request = { type: 'frames', generation: this.#generation, frame: this.#frame + 1 } as const
      const answer = serveReplica(database.history, generations, request)
      if (answer.generation === null) {
        const bytes = Buffer.concat([...answer.chunks])
        expect(bytes.byteLength).toBe(answer.contentLength)
        this.#apply(slices(bytes, FRAME_SIZE))
      } else if (answer.generation <= this.#generation) return
      else {
        this.#generation += 1
        this.#frame = 0
      }
    }
    throw new Error('the replica never reaches the end')
  }

  /** Page images as a whole. */
  get file(): Buffer {
    return Buffer.concat(this.#pages)
  }

  #apply(frames: readonly Buffer[]): void {
    expect(frames.length).toBeGreaterThan(0)
    for (const frame of frames) {
      this.#pages[frame.readUInt32BE(0) - 1] = frame.subarray(FRAME_SIZE - PAGE_SIZE)
      const size = frame.readUInt32BE(4)
      if (size > 0) this.#pages.length = size
    }
    // No answer ends inside a commit.
    expect(frames.at(-1)!.readUInt32BE(4)).toBeGreaterThan(0)
    this.#frame += frames.length
  }
}

function slices(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: bytes.byteLength / size }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-generations-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

test('a replica that has synced holds the newest revision, whatever was compacted, lost or replaced since it last did', () => {
  const property = fc.property(fc.array(action, { minLength: 1, maxLength: 80 }), (steps) => {
    const root = mkdtempSync(join(directory, 'run-'))
    const primary = new Primary(root)
    const replicas = Array.from({ length: REPLICAS }, () => new SimulatedReplica())
    const check = (synced: SimulatedReplica): void => {
      synced.sync(primary)
      const expected = [...primary.database.revisions.get(primary.database.head)!]
        .toSorted(([a], [b]) => a - b)
        .map(([, seed]) => imageOf(seed))
      expect(synced.file.equals(Buffer.concat(expected))).toBe(true)
    }
    for (const step of steps) {
      if (step.type === 'sync') check(replicas[step.replica]!)
      else if (step.type === 'bootstrap') replicas[step.replica]!.bootstrap(primary)
      else primary.perform(step)
    }
    for (const synced of replicas) check(synced)
    primary.database.history.close()
  })
  // Replica 1 ends generations of ten frames. Replica 0 stays in the first, which is compacted away with the
  // only commits of page 3.
  const commit = (...pages: number[]): Action => ({ type: 'commit', grow: 0, pages })
  const generation = (...pages: number[]): Action[] => [
    ...Array.from({ length: 5 }, () => commit(...pages)),
    { type: 'sync', replica: 1 },
  ]
  const leftBehind = (bytes: number): Action[] => [
    { type: 'sync', replica: 0 },
    commit(1, 2, 3),
    { type: 'sync', replica: 0 },
    ...generation(1, 2, 3),
    ...generation(1, 2),
    ...generation(1, 2),
    { type: 'checkpoint' },
    { type: 'compact', bytes },
    { type: 'sync', replica: 0 },
  ]
  const examples = [0, 60_000, 100_000, 140_000, 160_000, 180_000, 200_000].map((bytes): [Action[]] => [
    leftBehind(bytes),
  ])
  fc.assert(property, { numRuns: 100, examples })
})
