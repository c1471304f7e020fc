import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ModelDatabase } from '../../test/history-model.ts'

type Action =
  | { readonly type: 'commit'; readonly grow: number; readonly pages: readonly number[] }
  | { readonly type: 'checkpoint' | 'reopen' }
  | { readonly type: 'compact'; readonly bytes: number }

const MAX_PAGES = 24

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('commit' as const),
      grow: fc.integer({ min: 0, max: 2 }),
      pages: fc.array(fc.integer({ min: 1, max: MAX_PAGES }), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('checkpoint' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('compact' as const),
      bytes: fc.integer({ min: 0, max: 200_000 }),
    }),
  },
)

let directory: string
let seed = 1000

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-history-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

function commitOf(database: ModelDatabase, grow: number, pages: readonly number[]) {
  const before = database.history.sizeAt(database.head)
  const size = before + grow
  const changes = new Map<number, number>()
  for (let page = before + 1; page <= size; page++) changes.set(page, seed++)
  for (const page of pages) changes.set(((page - 1) % size) + 1, seed++)
  return { size, changes }
}

function lastSegment(root: string): string {
  return join(root, readdirSync(root).toSorted().at(-1)!)
}

/** Writes `bytes` with one bit changed. */
function flip(path: string, bytes: Buffer, offset: number): void {
  const changed = Buffer.from(bytes)
  changed[offset]! ^= 1
  writeFileSync(path, changed)
}

function perform(database: ModelDatabase, step: Action): void {
  if (step.type === 'commit') database.commit(commitOf(database, step.grow, step.pages))
  else if (step.type === 'checkpoint') database.checkpoint()
  else if (step.type === 'compact') database.compact(step.bytes)
  else database.reopen()
}

describe('history', () => {
  test('every retained revision reads as it was, whatever was committed, checkpointed, compacted and reopened since (I1)', () => {
    let run = 0
    const property = fc.property(fc.array(action, { minLength: 1, maxLength: 60 }), (steps) => {
      const database = new ModelDatabase(join(directory, String(run++)), 3, 40_000)
      for (const step of steps) {
        perform(database, step)
        expect(database.difference()).toBeNull()
      }
      database.reopen()
      expect(database.difference()).toBeNull()
      database.history.close()
    })
    // An older floor stands behind commits whose segment goes next.
    const floorAfterDroppedCommits: Action[] = [
      { type: 'commit', grow: 0, pages: [1, 12, 11] },
      { type: 'checkpoint' },
      { type: 'commit', grow: 1, pages: [7, 1, 14] },
      { type: 'commit', grow: 0, pages: [1] },
      { type: 'commit', grow: 0, pages: [2, 1] },
      { type: 'compact', bytes: 0 },
      { type: 'checkpoint' },
      { type: 'compact', bytes: 0 },
    ]
    fc.assert(property, { numRuns: 100, examples: [[floorAfterDroppedCommits]] })
  })

  test('the pages changed between two revisions are exactly those whose images may differ', () => {
    const property = fc.property(fc.array(action, { minLength: 5, maxLength: 40 }), (steps) => {
      const database = new ModelDatabase(mkdtempSync(join(directory, 'run-')), 3, 40_000)
      for (const step of steps) perform(database, step)
      const { history } = database
      for (let from = history.floor; from <= history.head; from++) {
        const changed = new Set(history.changedBetween(from, history.head))
        const before = database.revisions.get(from)!
        for (const [page, image] of database.revisions.get(history.head)!) {
          expect(changed.has(page) || before.get(page) === image).toBe(true)
        }
        expect([...changed]).toEqual([...changed].toSorted((a, b) => a - b))
      }
      history.close()
    })
    fc.assert(property, { numRuns: 60 })
  })

  test('a log cut at any byte of its last record opens with every commit before it, and takes that commit again under its name', () => {
    const database = new ModelDatabase(join(directory, 'cut'), 3, 1_000_000)
    database.commit(commitOf(database, 1, [1]))
    database.checkpoint()
    database.commit(commitOf(database, 0, [2, 3]))
    const intact = statSync(lastSegment(join(directory, 'cut'))).size
    const last = commitOf(database, 1, [1, 2])
    database.commit(last)
    database.history.close()
    const path = lastSegment(join(directory, 'cut'))
    const full = statSync(path).size
    const original = join(directory, 'original')
    copyFileSync(path, original)
    const name = database.names.get(3)
    for (let size = intact; size < full; size += size < intact + 120 || size > full - 20 ? 1 : 97) {
      copyFileSync(original, path)
      truncateSync(path, size)
      database.open()
      expect(database.history.head).toBe(2)
      database.append(last)
      expect(database.history.formatRevision(3)).toBe(name)
      expect(database.difference()).toBeNull()
      database.history.close()
    }
  })

  test('a log with a flipped bit in its last record opens without it', () => {
    const database = new ModelDatabase(join(directory, 'flip'), 3, 1_000_000)
    database.commit(commitOf(database, 1, [1]))
    const intact = statSync(lastSegment(join(directory, 'flip'))).size
    database.commit(commitOf(database, 0, [2]))
    database.history.close()
    const path = lastSegment(join(directory, 'flip'))
    const bytes = readFileSync(path)
    for (let offset = intact; offset < bytes.length; offset += offset < intact + 90 ? 1 : 501) {
      flip(path, bytes, offset)
      database.open()
      expect(database.history.head).toBe(1)
      database.history.close()
      writeFileSync(path, bytes)
    }
  })

  test('a flipped bit before the last segment is noticed when the log is opened', () => {
    const root = join(directory, 'middle')
    const database = new ModelDatabase(root, 3, 20_000)
    for (let i = 0; i < 12; i++) database.commit(commitOf(database, 0, [1, 2]))
    database.checkpoint()
    database.history.close()
    const path = join(root, readdirSync(root).toSorted()[0]!)
    flip(path, readFileSync(path), 64 + 80 + 30)
    expect(() => database.open()).toThrow(expect.objectContaining({ code: 'TIDEMARK_HISTORY_DAMAGED' }))
  })

  test('an image that rotted on disk is refused, not served', () => {
    const root = join(directory, 'rot')
    const database = new ModelDatabase(root, 3, 1_000_000)
    database.commit(commitOf(database, 0, [2]))
    const path = lastSegment(root)
    flip(path, readFileSync(path), statSync(path).size - 100)
    const read = (): void => database.history.readPage(2, 1, Buffer.alloc(4096))
    expect(read).toThrow(expect.objectContaining({ code: 'TIDEMARK_HISTORY_DAMAGED' }))
    const readAll = (): void => database.history.readPages([1, 2, 3], 1, Buffer.alloc(3 * 4096))
    expect(readAll).toThrow(expect.objectContaining({ code: 'TIDEMARK_HISTORY_DAMAGED' }))
    database.history.close()
  })

  test('a pinned revision survives compaction until it is released', () => {
    const database = new ModelDatabase(join(directory, 'pin'), 3, 20_000)
    database.commit(commitOf(database, 0, [1]))
    const unpin = database.history.pin(1)
    for (let i = 0; i < 30; i++) database.commit(commitOf(database, 0, [1, 2]))
    database.checkpoint()
    database.compact(0)
    expect(database.history.floor).toBeLessThanOrEqual(1)
    expect(database.difference()).toBeNull()
    unpin()
    database.compact(0)
    expect(database.history.floor).toBeGreaterThan(1)
    expect(database.difference()).toBeNull()
    database.history.close()
  })

  test('segments that a crash kept from being removed after a compaction do no harm', () => {
    const root = join(directory, 'undeleted')
    const database = new ModelDatabase(root, 3, 20_000)
    for (let i = 0; i < 30; i++) {
      database.commit(commitOf(database, i % 2, [1, (i % 5) + 1]))
      if (i % 7 === 6) database.checkpoint()
    }
    const backup = join(directory, 'segments')
    mkdirSync(backup)
    for (const name of readdirSync(root)) copyFileSync(join(root, name), join(backup, name))
    database.checkpoint()
    database.compact(60_000)
    const { floor } = database.history
    expect(floor).toBeGreaterThan(0)
    const left = new Set(readdirSync(root))
    for (const name of readdirSync(backup))
      if (!left.has(name)) copyFileSync(join(backup, name), join(root, name))
    database.reopen()
    expect(database.history.floor).toBe(floor)
    expect(new Set(readdirSync(root))).toEqual(left)
    expect(database.difference()).toBeNull()
    database.history.close()
  })

  test('segments older than retention go, and revisions in them are unknown afterwards', () => {
    const database = new ModelDatabase(join(directory, 'age'), 3, 20_000)
    for (let i = 0; i < 20; i++) database.commit(commitOf(database, 0, [1]))
    const old = database.names.get(2)!
    database.nowMs += 10_000
    for (let i = 0; i < 5; i++) database.commit(commitOf(database, 0, [2]))
    database.checkpoint()
    database.history.compact({ bytes: Infinity, ageMs: 5000 }, database.checkpointed)
    expect(database.history.resolveRevision(old)).toBeNull()
    expect(database.difference()).toBeNull()
    database.history.close()
  })

  test('a copy of the log that goes on alone gives none of its revisions the names of the original', () => {
    const root = join(directory, 'original')
    const database = new ModelDatabase(root, 3, 1_000_000)
    database.commit(commitOf(database, 0, [1]))
    const backup = join(directory, 'backup')
    mkdirSync(backup)
    for (const name of readdirSync(root)) copyFileSync(join(root, name), join(backup, name))
    database.commit(commitOf(database, 0, [2]))
    const ahead = database.names.get(2)!
    database.history.close()
    const restored = new ModelDatabase(backup, 3, 1_000_000)
    expect(restored.history.resolveRevision(database.names.get(1)!)).toBe(1)
    expect(restored.history.resolveRevision(ahead)).toBeNull()
    restored.history.beginEpoch()
    // It dies before the log has the commit that it made.
    restored.reopen()
    restored.append(commitOf(restored, 0, [3]))
    expect(restored.history.resolveRevision(ahead)).toBeNull()
    restored.history.close()
  })

  test('an epoch that has begun is known after its segment was dropped: a commit that the log has lost keeps its name (seed 2150273)', () => {
    const root = join(directory, 'begun')
    const database = new ModelDatabase(root, 3, 20_000)
    for (let i = 0; i < 10; i++) database.commit(commitOf(database, 0, [1, 2, 3]))
    database.reopen()
    database.history.beginEpoch()
    database.checkpoint()
    database.compact(0)
    expect(database.history.floor).toBe(10)
    const onDisk = join(directory, 'on-disk')
    cpSync(root, onDisk, { recursive: true })
    database.commit(commitOf(database, 0, [1]))
    const name = database.history.formatRevision(11)
    database.history.close()
    rmSync(root, { recursive: true })
    cpSync(onDisk, root, { recursive: true })
    database.open()
    database.append(commitOf(database, 0, [1]))
    expect(database.history.formatRevision(11)).toBe(name)
    database.history.close()
  })
})
