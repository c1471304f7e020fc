import fs, { readlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import type { Database } from '../src/index.ts'
import { SyncServer } from './sync-server.ts'

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

/** What of `suffix` is synced in another thread waits until it is let go, or is told to fail. */
function holdSyncs(suffix: '-info' | '-wal'): Promise<(error?: Error) => void> {
  const sync = fs.fdatasync.bind(fs)
  const held = Promise.withResolvers<(error?: Error) => void>()
  vi.spyOn(fs, 'fdatasync').mockImplementation((descriptor, done) => {
    if (readlinkSync(`/proc/self/fd/${descriptor}`).endsWith(suffix))
      held.resolve((error) => (error === undefined ? sync(descriptor, done) : done(error)))
    else sync(descriptor, done)
  })
  syncBuiltinESMExports()
  return held.promise
}

/** A client with one row to push. */
class Pusher {
  requests = 0
  beforeRequest: () => void = () => {}
  readonly #db: Database

  private constructor(server: SyncServer) {
    this.#db = server.open('a.db', {
      fetch: async (input, init) => {
        this.beforeRequest()
        this.requests += 1
        return await fetch(input, init)
      },
    })
  }

  static async connect(server: SyncServer): Promise<Pusher> {
    const pusher = new Pusher(server)
    await pusher.#db.connect()
    pusher.#db.exec('CREATE TABLE t (a)')
    await pusher.push()
    pusher.requests = 0
    pusher.#db.exec('INSERT INTO t VALUES (1)')
    return pusher
  }

  async push(): Promise<unknown> {
    return await this.#db.push()
  }
}

/** Notes each time that a file is synced which becomes `-info`. */
function noteSyncs(): string[] {
  const synced: string[] = []
  const note = (descriptor: number): void => {
    const path = readlinkSync(`/proc/self/fd/${descriptor}`)
    if (path.endsWith('-info.tmp')) synced.push(basename(path))
  }
  const sync = fs.fsyncSync.bind(fs)
  vi.spyOn(fs, 'fsyncSync').mockImplementation((descriptor) => {
    sync(descriptor)
    note(descriptor)
  })
  syncBuiltinESMExports()
  return synced
}

test.each([
  ['its attempt is', '-info'],
  ['its changes are', '-wal'],
] as const)('a push sends nothing before %s on disk (I3)', async (_, suffix) => {
  await using server = new SyncServer()
  const pusher = await Pusher.connect(server)
  const held = holdSyncs(suffix)
  const pushing = pusher.push()
  const letGo = await held
  for (let turn = 0; turn < 20; turn++) await nextTurnOfLoop()
  expect(pusher.requests).toBe(0)
  letGo()
  expect(await pushing).toMatchObject({ operations: 1 })
  expect(pusher.requests).toBe(1)
})

test('a push whose attempt cannot be synced sends nothing; the next one writes it to another file and does (I3)', async () => {
  await using server = new SyncServer()
  const pusher = await Pusher.connect(server)
  const held = holdSyncs('-info')
  const pushing = pusher.push()
  const letGo = await held
  letGo(Object.assign(new Error('EIO: injected'), { code: 'EIO' }))
  await expect(pushing).rejects.toMatchObject({
    code: 'TIDEMARK_DISK_FAILED',
    message: expect.stringContaining('EIO: injected') as string,
  })
  expect(pusher.requests).toBe(0)
  vi.restoreAllMocks()
  // The kernel may have given up what it could not write: to sync the same file again would prove nothing.
  const synced = noteSyncs()
  pusher.beforeRequest = () => expect(synced).toEqual(['a.db-info.tmp'])
  expect(await pusher.push()).toMatchObject({ operations: 1 })
  expect(pusher.requests).toBe(1)
})

test('a push whose changes cannot be synced sends nothing; the next one does (I3)', async () => {
  await using server = new SyncServer()
  const pusher = await Pusher.connect(server)
  const held = holdSyncs('-wal')
  const pushing = pusher.push()
  const letGo = await held
  letGo(Object.assign(new Error('EIO: injected'), { code: 'EIO' }))
  await expect(pushing).rejects.toMatchObject({ code: 'TIDEMARK_DISK_FAILED' })
  expect(pusher.requests).toBe(0)
  vi.restoreAllMocks()
  syncBuiltinESMExports()
  expect(await pusher.push()).toMatchObject({ operations: 1 })
})
