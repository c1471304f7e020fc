import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { BusyError, decodePushResponse, initProtocol, ProtocolError } from '@tidemark/protocol'
import type { Change, PushResponse } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { databaseEvents } from '../../test/database-events.ts'
import { CREATE_ITEMS, encodePush, insertItem, schemaChange } from '../../test/push-client.ts'
import { Database } from '../database/database.ts'
import { PushBody } from './push-body.ts'
import { PushTarget } from './push-target.ts'
import { receivePush } from './receive-push.ts'
import { RecentPushes } from './recent-pushes.ts'

const MIB = 1024 * 1024
const ROWS = 3000

/** Of several blocks. */
const CHANGES: readonly Change[] = [
  schemaChange(1, CREATE_ITEMS),
  ...Array.from({ length: ROWS }, (_, id) => insertItem(id + 2, id, `row ${id} ${'x'.repeat(200)}`)),
]

const NO_TABLE = { name: 'no_such_table', columns: ['id', 'body'], key: [0] }

let root: string
let database: Database
let abort: AbortController
/** Times that something was done in the database. */
let steps: number

/** {@link CHANGES}. */
let pushed: Buffer

beforeAll(async () => {
  await initProtocol()
  pushed = encodePush({}, CHANGES)
})

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-push-'))
  abort = new AbortController()
  steps = 0
  database = await Database.open(
    root,
    'ffeeddccbbaa99887766554433221100',
    {
      durability: 'normal',
      maxDatabaseBytes: 64 * MIB,
      retention: { bytes: 64 * MIB, ageMs: Infinity },
      segmentBytes: MIB,
      checkpointFrames: 1000,
      lockWaitMs: 2000,
    },
    databaseEvents(),
  )
})

afterEach(() => {
  database.close()
  rmSync(root, { recursive: true, force: true })
})

/** A push that begins with `beginning`; add the rest to its body. */
function receive(
  beginning: Uint8Array,
  arrivalWaitMs: number,
): { readonly body: PushBody; readonly answer: Promise<PushResponse> } {
  const settings = {
    maxPushBytes: 64 * MIB,
    maxBlockBytes: 8 * MIB,
    maxWalPages: 1000,
    turnWaitMs: 60_000,
    applyTimeoutMs: 60_000,
    arrivalWaitMs,
  }
  const target = new PushTarget(database, 'id', settings, new RecentPushes())
  const body = new PushBody(beginning, settings, false)
  const run = <T>(_: number, step: () => T): T => {
    steps += 1
    return step()
  }
  const guard = { run, signal: abort.signal }
  return { body, answer: receivePush(target, body, 'somebody', guard).then(decodePushResponse) }
}

function rows(): number | null {
  const connection = database.acquireConnection()
  try {
    const hasTable = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'item'").get()
    return hasTable === undefined
      ? null
      : connection.prepare<[], number>('SELECT count(*) FROM item').pluck().get()!
  } finally {
    database.releaseConnection(connection)
  }
}

/** Whether nobody holds SQLite's write lock. */
function isUnlocked(): boolean {
  const connection = database.acquireConnection()
  try {
    connection.pragma('busy_timeout = 0')
    connection.exec('BEGIN IMMEDIATE; ROLLBACK')
    return true
  } catch {
    return false
  } finally {
    database.releaseConnection(connection)
  }
}

/** What the applying side has to do with what has arrived is done in one turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurnOfLoop()
}

describe('a push that is applied while it arrives', () => {
  test('is in a transaction of its own until the last of it is there (I5)', async () => {
    const { body: arriving, answer } = receive(pushed.subarray(0, pushed.length - 10), 60_000)
    await settled()
    expect(database.turns.isHeld).toBe(true)
    expect(rows()).toBe(null)
    arriving.add(pushed.subarray(pushed.length - 10))
    arriving.end()
    expect(await answer).toMatchObject({ type: 'ok', revision: database.revision })
    expect(rows()).toBe(ROWS)
  })

  test.each([1, 7, 100, 1000, 4096])('is the same in pieces of %i bytes', async (size) => {
    const { body: arriving, answer } = receive(pushed.subarray(0, size), 60_000)
    for (let at = size; at < pushed.length; at += size) {
      arriving.add(pushed.subarray(at, at + size))
      if (at % (size * 16) === 0) await nextTurnOfLoop()
    }
    arriving.end()
    expect(await answer).toMatchObject({ type: 'ok', lastChangeId: ROWS + 1 })
    expect(rows()).toBe(ROWS)
  })

  test('has what it has written brought to disk on its way where it is large', async () => {
    const flushed = vi.spyOn(database, 'flushAhead')
    const bodies = Array.from({ length: 10 }, () => randomBytes(MIB / 2).toString('base64'))
    const large = encodePush({}, [
      schemaChange(1, CREATE_ITEMS),
      ...bodies.map((body, id) => insertItem(id + 2, id, body)),
    ])
    const { body: arriving, answer } = receive(large.subarray(0, MIB), 60_000)
    for (let at = MIB; at < large.length; at += MIB) {
      arriving.add(large.subarray(at, at + MIB))
      await settled()
    }
    expect(flushed).toHaveBeenCalledOnce()
    arriving.end()
    expect(await answer).toMatchObject({ type: 'ok' })
    expect(rows()).toBe(bodies.length)
  })

  test('leaves no trace when its end does not come, and others can write (I5)', async () => {
    const { answer } = receive(pushed.subarray(0, pushed.length - 10), 60_000)
    await settled()
    abort.abort()
    await expect(answer).rejects.toThrow(BusyError)
    expect([database.turns.isHeld, isUnlocked()]).toEqual([false, true])
    expect(rows()).toBe(null)
    expect(database.history.head).toBe(0)
  })

  test('leaves no trace when its last bytes are wrong (I8)', async () => {
    const { body: arriving, answer } = receive(pushed.subarray(0, pushed.length - 10), 60_000)
    await settled()
    const end = Buffer.from(pushed.subarray(pushed.length - 10))
    end[9]! ^= 1
    arriving.add(end)
    arriving.end()
    await expect(answer).rejects.toThrow(ProtocolError)
    expect([database.turns.isHeld, isUnlocked()]).toEqual([false, true])
    expect(rows()).toBe(null)
  })

  test('leaves no trace when it ends before its end message (I8)', async () => {
    const { body: arriving, answer } = receive(pushed.subarray(0, pushed.length - 13), 60_000)
    await settled()
    arriving.end()
    await expect(answer).rejects.toThrow(ProtocolError)
    expect([isUnlocked(), rows()]).toEqual([true, null])
  })

  test('lets others write when it takes too long, and is applied when it is whole', async () => {
    const { body: arriving, answer } = receive(pushed.subarray(0, pushed.length - 10), 0)
    await settled()
    expect(steps).toBeGreaterThan(0)
    const turn = await database.turns.acquire('somebody else', 60_000)
    expect([isUnlocked(), rows()]).toEqual([true, null])
    turn.release()
    arriving.add(pushed.subarray(pushed.length - 10))
    arriving.end()
    expect(await answer).toMatchObject({ type: 'ok' })
    expect(rows()).toBe(ROWS)
  })

  test('waits until it is whole where somebody else writes', async () => {
    const turn = await database.turns.acquire('somebody else', 60_000)
    const { body: arriving, answer } = receive(pushed.subarray(0, 4096), 60_000)
    await settled()
    turn.release()
    expect([steps, database.turns.isHeld]).toEqual([0, false])
    arriving.add(pushed.subarray(4096))
    arriving.end()
    expect(await answer).toMatchObject({ type: 'ok' })
  })

  test('that is refused in its middle is answered when it has been read to its end', async () => {
    const refused = encodePush({}, [
      ...CHANGES.slice(0, 2000),
      insertItem(2001, 1, 'again', NO_TABLE),
      ...CHANGES.slice(2001),
    ])
    const { body: arriving, answer } = receive(refused.subarray(0, refused.length - 10), 60_000)
    await settled()
    expect(await Promise.race([answer, Promise.resolve('no answer yet')])).toBe('no answer yet')
    expect(database.turns.isHeld).toBe(false)
    arriving.add(refused.subarray(refused.length - 10))
    arriving.end()
    expect(await answer).toMatchObject({ type: 'rejected', changeId: 2001 })
    expect(rows()).toBe(null)
  })

  test('meets a closed database like one that was closed before it', async () => {
    const { body: arriving, answer } = receive(pushed.subarray(0, pushed.length - 10), 60_000)
    await settled()
    database.close()
    arriving.add(pushed.subarray(pushed.length - 10))
    arriving.end()
    expect(await answer).toMatchObject({ type: 'busy' })
  })
})
