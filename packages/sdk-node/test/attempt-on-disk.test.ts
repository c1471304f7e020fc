import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { SyncServer } from './sync-server.ts'

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

/** What is synced in another thread waits until it is let go, or is told to fail. */
function holdSyncs(): Promise<(error?: Error) => void> {
  const sync = fs.fdatasync.bind(fs)
  const held = Promise.withResolvers<(error?: Error) => void>()
  vi.spyOn(fs, 'fdatasync').mockImplementation((descriptor, done) => {
    held.resolve((error) => (error === undefined ? sync(descriptor, done) : done(error)))
  })
  syncBuiltinESMExports()
  return held.promise
}

async function pusher(server: SyncServer): Promise<{ push: () => Promise<unknown>; requests: () => number }> {
  let requests = 0
  const db = await server.client('a.db', {
    fetch: async (input, init) => {
      requests += 1
      return await fetch(input, init)
    },
  })
  db.exec('CREATE TABLE t (a)')
  await db.push()
  const before = requests
  db.exec('INSERT INTO t VALUES (1)')
  return { push: () => db.push(), requests: () => requests - before }
}

test('a push sends nothing before its attempt is on disk (I3)', async () => {
  await using server = new SyncServer()
  const { push, requests } = await pusher(server)
  const held = holdSyncs()
  const pushing = push()
  const letGo = await held
  for (let turn = 0; turn < 20; turn++) await nextTurnOfLoop()
  expect(requests()).toBe(0)
  letGo()
  expect(await pushing).toMatchObject({ operations: 1 })
  expect(requests()).toBe(1)
})

test('a push whose attempt cannot be synced sends nothing, and the next one does (I3)', async () => {
  await using server = new SyncServer()
  const { push, requests } = await pusher(server)
  const held = holdSyncs()
  const pushing = push()
  const letGo = await held
  letGo(Object.assign(new Error('EIO: injected'), { code: 'EIO' }))
  await expect(pushing).rejects.toThrow('EIO')
  expect(requests()).toBe(0)
  vi.restoreAllMocks()
  syncBuiltinESMExports()
  expect(await push()).toMatchObject({ operations: 1 })
})
