import { withFault } from './disk-faults.ts'
import type { FaultKind } from './disk-faults.ts'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { initProtocol } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { afterCrash, ids, keepLocal } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

/** `TIDEMARK_CRASH_STRIDE=1` tries every call; the suite every sixth, each time others. */
const STRIDE = Number(process.env['TIDEMARK_CRASH_STRIDE'] ?? '6')
/** The soak tries tens of times as many steps, on whatever machine. */
const TIMEOUT_MS = STRIDE === 1 ? 7_200_000 : 60_000
let directory: string
let template: string
let origin: Origin

beforeAll(async () => {
  await initProtocol()
  directory = mkdtempSync(join(tmpdir(), 'tidemark-disk-'))
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec(`CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); CREATE TABLE filler (id INTEGER PRIMARY KEY, body TEXT);
    WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO filler SELECT i, hex(randomblob(900)) FROM n`)
  origin.bootstrap(join(directory, 'c.db'))
  const replica = Replica.open(join(directory, 'c.db'))
  replica.connection.exec("INSERT INTO note VALUES ('mine-1', 'x')")
  replica.checkpoint()
  replica.connection.exec("INSERT INTO note VALUES ('mine-2', 'x'); DELETE FROM filler WHERE id = 3")
  template = afterCrash(join(directory, 'c.db'))
  replica.close()
  origin.exec("INSERT INTO note VALUES ('remote', hex(randomblob(9000))); DELETE FROM filler WHERE id > 30")
})

afterAll(() => {
  origin.close()
  rmSync(directory, { recursive: true })
})

const pull = (replica: Replica): unknown => replica.applyPull(keepLocal)

const operations = {
  pull: {
    prepare: (replica: Replica): void => origin.stage(replica),
    run: pull,
    ids: ['mine-1', 'mine-2', 'remote'],
  },
  checkpoint: {
    prepare: (): void => {},
    run: (replica: Replica): unknown => replica.checkpoint(),
    ids: ['mine-1', 'mine-2'],
  },
}

async function check(replica: Replica, expected: readonly string[]): Promise<void> {
  expect(replica.connection.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(ids(replica.connection)).toEqual(expected)
  expect(replica.needsRebase).toBe(false)
  expect(baseDifferences(replica, origin)).toEqual([])
  const batch = replica.beginPush()!
  expect([...batch.changes()]).toHaveLength(3)
  await batch.onDisk
  batch.close()
}

/** What becomes of a replica in which an operation has failed: returns the one to check, with the operation done. */
const aftermaths = {
  'tries again': (replica: Replica, run: (replica: Replica) => unknown): Replica => {
    run(replica)
    return replica
  },
  'dies and is opened again': (
    replica: Replica,
    run: (replica: Replica) => unknown,
    path: string,
  ): Replica => {
    const crashed = afterCrash(path)
    replica.close()
    return caughtUp(Replica.open(crashed), run)
  },
  'closes and is opened again': (
    replica: Replica,
    run: (replica: Replica) => unknown,
    path: string,
  ): Replica => {
    replica.close()
    return caughtUp(Replica.open(path), run)
  },
  'tries again and dies': (replica: Replica, run: (replica: Replica) => unknown, path: string): Replica => {
    run(replica)
    const crashed = afterCrash(path)
    replica.close()
    return Replica.open(crashed)
  },
}

function caughtUp(replica: Replica, run: (replica: Replica) => unknown): Replica {
  if (replica.info.revision !== origin.head && run === pull) origin.stage(replica)
  if (replica.info.revision !== origin.head || run !== pull) run(replica)
  return replica
}

it('says what is the matter where a replica cannot be opened, and leaves it as it is', () => {
  const path = afterCrash(template)
  const { error } = withFault({ at: 1, kind: 'refused', code: 'ENOSPC' }, () => Replica.open(path))
  expect(error).toMatchObject({
    code: 'TIDEMARK_DISK_FULL',
    message: expect.stringContaining(path) as string,
    cause: { code: 'ENOSPC' },
  })
  const replica = Replica.open(path)
  expect(ids(replica.connection)).toEqual(['mine-1', 'mine-2'])
  replica.close()
})

const descriptors = (): number => readdirSync('/proc/self/fd').length

describe.each(Object.entries(operations))('a %s that fails at any of its file calls', (_, operation) => {
  describe.each(Object.entries(aftermaths))('in a process that then %s', (aftermath, goOn) => {
    it.each<FaultKind>(['refused', 'cut'])(
      'I4: loses nothing (call %s)',
      async (kind) => {
        const before = descriptors()
        let at = 1 + ((aftermath.length + kind.length) % STRIDE)
        for (; ; at += STRIDE) {
          const place = mkdtempSync(join(directory, 'try-'))
          for (const suffix of ['', '-wal', '-info', '-wal-revert'])
            spawnSync('cp', ['-a', template + suffix, join(place, `c.db${suffix}`)])
          const path = join(place, 'c.db')
          let replica = Replica.open(path)
          operation.prepare(replica)
          const { isReached, error } = withFault({ at, kind, code: at % 2 === 0 ? 'ENOSPC' : 'EIO' }, () =>
            operation.run(replica),
          )
          try {
            if (isReached && error !== null) replica = goOn(replica, operation.run, path)
            await check(replica, operation.ids)
          } catch (cause) {
            throw new Error(`${aftermath}, ${kind} at ${at}: ${String(error)}`, { cause })
          } finally {
            replica.close()
          }
          rmSync(place, { recursive: true })
          if (!isReached) break
        }
        expect(at).toBeGreaterThan(10)
        expect(descriptors()).toBeLessThanOrEqual(before + 2)
      },
      TIMEOUT_MS,
    )
  })
})
