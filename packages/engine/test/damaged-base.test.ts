import { existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { initProtocol, PAGE_SIZE } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { readReplayPlan } from '../src/replica/replay-file.ts'
import { baseDifferences, Origin } from './origin.ts'
import { afterCrash, ids, keepLocal } from './interrupted-pull.ts'

let directory: string
let origin: Origin
let replica: Replica

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-damaged-'))
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec('CREATE TABLE note (id TEXT PRIMARY KEY, body)')
  origin.bootstrap(join(directory, 'c.db'))
  replica = Replica.open(join(directory, 'c.db'), { busyTimeoutMs: 0 })
  replica.connection.exec("INSERT INTO note VALUES ('pushed', 'x')")
  origin.push(replica)
  replica.connection.exec("INSERT INTO note VALUES ('mine', 'x')")
  origin.exec("INSERT INTO note VALUES ('theirs', 'x')")
})

afterEach(() => {
  replica.close()
  origin.close()
  rmSync(directory, { recursive: true })
})

const rootOf = (table: string): number =>
  origin.db.prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table)!

const DAMAGES: readonly (readonly [string, () => readonly [number, Uint8Array]])[] = [
  [
    'schema page',
    () => {
      const image = Uint8Array.from(origin.pages(origin.head)[0]!)
      image.fill(0xff, 108, 120)
      return [1, image]
    },
  ],
  ['table root', () => [rootOf('note'), new Uint8Array(PAGE_SIZE).fill(0xa5)]],
]

/** Pulls the newest revision with one page damaged. */
function pullDamaged(make: () => readonly [number, Uint8Array]): void {
  const [damaged, damagedImage] = make()
  const stage = replica.stagePull()
  const pages = origin.pages(origin.head)
  for (const [index, image] of pages.entries())
    stage.writePage(index + 1, index + 1 === damaged ? damagedImage : image)
  stage.finish({ revision: origin.head, sizeInPages: pages.length })
  replica.applyPull(keepLocal)
}

/** Gets the replica at `path` out by what the origin has. */
async function repair(path: string, keepPending: boolean, reopen: () => Promise<Replica>): Promise<Replica> {
  return await Replica.repair(
    path,
    { keepPending, busyTimeoutMs: 0, interruptedPull: keepLocal },
    async (stage) => {
      const pages = origin.pages(origin.head)
      for (const [index, image] of pages.entries()) stage.writePage(index + 1, image)
      return { revision: origin.head, sizeInPages: pages.length }
    },
    reopen,
  )
}

const damaged: unknown = expect.objectContaining({
  name: 'StateError',
  code: 'TIDEMARK_BASE_DAMAGED',
  recovery: 'reset',
})

function expectWhole(repaired: Replica, pending: readonly string[]): void {
  expect(ids(repaired.connection)).toEqual([...pending, 'pushed', 'theirs'])
  expect(repaired.connection.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(repaired.needsRebase).toBe(false)
  expect(baseDifferences(repaired, origin)).toEqual([])
  expect(repaired.pendingCount()).toBe(pending.length)
  expect(existsSync(`${repaired.path}-replay`)).toBe(false)
  repaired.connection.exec("INSERT INTO note VALUES ('later', 'x')")
  origin.push(repaired)
  expect(ids(origin.db)).toEqual(['later', ...pending, 'pushed', 'theirs'])
  origin.pull(repaired)
  expect(repaired.pendingCount()).toBe(0)
}

describe.each(DAMAGES)('a pull that brings a damaged %s', (_, make) => {
  beforeEach(() => {
    expect(() => pullDamaged(make)).toThrow(damaged)
  })

  it.each([[true], [false]])(
    'is replaced while the replica is open (keepPending: %s)',
    async (keepPending) => {
      await expect(replica.withSyncLock(async () => undefined)).rejects.toEqual(damaged)
      const repaired = await repair(replica.path, keepPending, () =>
        replica.withSyncLock(async () => replica),
      )
      expectWhole(repaired, keepPending ? ['mine'] : [])
    },
  )

  it.each([[true], [false]])(
    'is replaced after the file was closed (keepPending: %s)',
    async (keepPending) => {
      replica.close()
      for (let times = 0; times < 2; times++) expect(() => Replica.open(replica.path)).toThrow(damaged)
      replica = await repair(replica.path, keepPending, async () =>
        Replica.open(replica.path, { busyTimeoutMs: 0 }),
      )
      expectWhole(replica, keepPending ? ['mine'] : [])
    },
  )

  it('is replaced after a crash', async () => {
    const path = afterCrash(replica.path)
    expect(() => Replica.open(path)).toThrow(damaged)
    const repaired = await repair(path, true, async () => Replica.open(path, { busyTimeoutMs: 0 }))
    expectWhole(repaired, ['mine'])
    repaired.close()
  })

  it.each([
    ['before its last frame', 1],
    ['after it', 0],
  ])('is replaced where the replacement crashes %s', async (_when, missingFrames) => {
    let crashed = ''
    await repair(replica.path, true, async () => {
      crashed = afterCrash(replica.path)
      return replica
    })
    const { lastFrame } = readReplayPlan(`${crashed}-replay`)!
    truncateSync(`${crashed}-wal`, 32 + (lastFrame - missingFrames) * (PAGE_SIZE + 24))
    const open = async (): Promise<Replica> => Replica.open(crashed, { busyTimeoutMs: 0 })
    if (missingFrames > 0) await expect(open()).rejects.toEqual(damaged)
    const repaired = missingFrames > 0 ? await repair(crashed, true, open) : await open()
    expectWhole(repaired, ['mine'])
    repaired.close()
  })

  it('keeps what is pending when the replacement is damaged too, or stops', async () => {
    const path = replica.path
    replica.close()
    const stop = Replica.repair(
      path,
      { keepPending: true },
      async () => {
        throw new Error('stop')
      },
      async () => undefined,
    )
    await expect(stop).rejects.toThrow('stop')
    const again = Replica.repair(
      path,
      { keepPending: true, busyTimeoutMs: 0 },
      async (stage) => {
        const [bad, badImage] = make()
        const pages = origin.pages(origin.head)
        for (const [index, image] of pages.entries())
          stage.writePage(index + 1, index + 1 === bad ? badImage : image)
        return { revision: origin.head, sizeInPages: pages.length }
      },
      async () => Replica.open(path, { busyTimeoutMs: 0 }),
    )
    await expect(again).rejects.toEqual(damaged)
    replica = await repair(path, true, async () => Replica.open(path, { busyTimeoutMs: 0 }))
    expectWhole(replica, ['mine'])
  })

  it('is left alone where another process has replaced it', async () => {
    replica.close()
    replica = await repair(replica.path, true, async () => Replica.open(replica.path, { busyTimeoutMs: 0 }))
    const other = await repair(replica.path, false, async () => replica)
    expectWhole(other, ['mine'])
  })
})
