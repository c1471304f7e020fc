import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusyError, decodePushResponse, initProtocol } from '@tidemark/protocol'
import type { Change, PushResponse } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { databaseEvents } from '../../test/database-events.ts'
import { SETTINGS } from '../../test/database-settings.ts'
import { CREATE_ITEMS, encodePush, insertItem, pushId, schemaChange } from '../../test/push-client.ts'
import { Database } from '../database/database.ts'
import { History } from '../history/history.ts'
import { PushBody } from './push-body.ts'
import type { PushSettings } from './push-settings.ts'
import { PushTarget } from './push-target.ts'
import { receivePush } from './receive-push.ts'
import { RecentPushes } from './recent-pushes.ts'

const MIB = 1024 * 1024
const PUSH: PushSettings = {
  maxPushBytes: MIB,
  maxBlockBytes: MIB,
  maxWalPages: 1000,
  turnWaitMs: 60_000,
  arrivalWaitMs: 60_000,
  applyTimeoutMs: 60_000,
}

let root: string
let database: Database
let target: PushTarget

beforeAll(initProtocol)

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tidemark-full-disk-'))
  database = await Database.open(
    root,
    'ffeeddccbbaa99887766554433221100',
    SETTINGS,
    databaseEvents({ onProblem: () => {} }),
  )
  target = new PushTarget(database, 'id', PUSH, new RecentPushes())
})

afterEach(() => {
  vi.restoreAllMocks()
  target.close()
  database.close()
  rmSync(root, { recursive: true, force: true })
})

/** The push of that number, which follows the one before it, of the same client. */
async function push(number: number, changes: readonly Change[], isWhole = true): Promise<PushResponse> {
  const previousPushId = number === 1 ? new Uint8Array(0) : pushId(number - 1)
  const bytes = encodePush({ pushId: pushId(number), previousPushId }, changes)
  const body = isWhole
    ? new PushBody(bytes, PUSH)
    : new PushBody(bytes.subarray(0, bytes.length - 10), PUSH, false)
  const guard = {
    run: <T>(_: number, statement: () => T): T => statement(),
    signal: new AbortController().signal,
  }
  return decodePushResponse(await receivePush(target, body, 'somebody', guard))
}

function rows(): unknown {
  const connection = database.acquireConnection()
  try {
    return connection.prepare('SELECT id FROM item ORDER BY id').pluck().all()
  } finally {
    database.releaseConnection(connection)
  }
}

function fillTheDisk(): void {
  vi.spyOn(History.prototype, 'append').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
}

test.each([
  ['whole', true],
  ['arriving', false],
])(
  'behind one that the history could not take, the next push (%s) is refused before it is committed, and each is applied once (I3)',
  async (_, isWhole) => {
    await push(1, [schemaChange(1, CREATE_ITEMS)])
    fillTheDisk()
    const first = [insertItem(2, 1, 'first')]
    const second = [insertItem(3, 2, 'second')]
    const answer = await push(2, first)
    expect(answer).toMatchObject({ type: 'ok' })
    const refusal = { name: 'BusyError', code: 'TIDEMARK_DISK_FULL', retryAfterMs: 10_000 }
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(push(3, second, isWhole)).rejects.toMatchObject(refusal)
      expect(rows()).toEqual([1])
      expect(database.turns.isHeld).toBe(false)
    }
    // Its answer was lost. It is not said that it was not applied, so that it comes again as it is.
    await expect(push(2, first)).rejects.toThrow(BusyError)
    vi.restoreAllMocks()
    expect(await push(2, first)).toMatchObject({ type: 'already-applied', lastChangeId: 2 })
    expect(await push(3, second)).toMatchObject({ type: 'ok', revision: database.revision })
    expect(rows()).toEqual([1, 2])
    const { revision } = answer as Extract<PushResponse, { type: 'ok' }>
    expect(database.history.resolveRevision(revision)).toBe(database.history.head - 1)
  },
)

test('a push that is committed, and has to be recorded before its answer, is recognised when it comes again (I3)', async () => {
  await push(1, [schemaChange(1, CREATE_ITEMS)])
  const changes = [insertItem(2, 1, 'first')]
  // Somebody else's commit comes between the turn and the push: two are behind.
  const beginEpoch = vi.spyOn(History.prototype, 'beginEpoch').mockImplementationOnce(() => {
    const connection = database.acquireConnection()
    connection.exec("INSERT INTO item VALUES (9, 'of somebody else')")
    database.releaseConnection(connection)
  })
  fillTheDisk()
  await expect(push(2, changes)).rejects.toMatchObject({ name: 'BusyError', code: 'TIDEMARK_DISK_FULL' })
  expect(beginEpoch).toHaveBeenCalled()
  expect(rows()).toEqual([1, 9])
  vi.restoreAllMocks()
  expect(await push(2, changes)).toMatchObject({ type: 'already-applied' })
  expect(rows()).toEqual([1, 9])
})

test('a disk that is full when the first push of a process begins is told as such', async () => {
  vi.spyOn(History.prototype, 'beginEpoch').mockImplementationOnce(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  await expect(push(1, [schemaChange(1, CREATE_ITEMS)])).rejects.toMatchObject({ code: 'TIDEMARK_DISK_FULL' })
  expect(await push(1, [schemaChange(1, CREATE_ITEMS)])).toMatchObject({ type: 'ok' })
})
