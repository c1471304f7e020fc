import { mkdirSync, mkdtempDisposableSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusyError } from '@tidemark/protocol'
import { expect, it } from 'vitest'
import { SyncLock } from './sync-lock.ts'

it('is held by one at a time, and nothing lies beside it', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-lock-'))
  const path = join(folder.path, 'a.db-lock')
  const [one, other] = [new SyncLock(path), new SyncLock(path)]
  for (const [owner, waiting] of [
    [one, other],
    [other, one],
    [one, other],
  ] as const) {
    expect(owner.tryAcquire()).toBe(true)
    expect(owner.tryAcquire()).toBe(false)
    expect(waiting.tryAcquire()).toBe(false)
    expect(() => waiting.acquireSync(5)).toThrow(BusyError)
    await expect(waiting.acquire(5)).rejects.toThrow(BusyError)
    expect([owner.isHeld, waiting.isHeld]).toEqual([true, false])
    expect(readdirSync(folder.path)).toEqual(['a.db-lock'])
    owner.release()
  }
  one.close()
  other.close()
})

it('is a lock still when its file has been deleted, and who comes later has made another', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-lock-'))
  const path = join(folder.path, 'a.db-lock')
  const one = new SyncLock(path)
  rmSync(path)
  const other = new SyncLock(path)
  expect(one.tryAcquire()).toBe(true)
  expect(other.tryAcquire()).toBe(false)
  one.release()
  expect(other.tryAcquire()).toBe(true)
  expect(one.tryAcquire()).toBe(false)
  one.close()
  other.close()
})

it('can be had again after a time in which its file was gone and could not be made', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-lock-'))
  const path = join(folder.path, 'a.db-lock')
  const lock = new SyncLock(path)
  rmSync(path)
  mkdirSync(path)
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(() => lock.tryAcquire()).toThrow(expect.objectContaining({ code: 'TIDEMARK_NO_ACCESS' }))
    expect(lock.isHeld).toBe(false)
  }
  rmSync(path, { recursive: true })
  expect(lock.tryAcquire()).toBe(true)
  lock.close()
})

it('is no more open to others than it was made while there is no database', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-lock-'))
  const path = join(folder.path, 'a.db-lock')
  writeFileSync(path, '', { mode: 0o600 })
  new SyncLock(path).close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('is refused on a file that may only be read: SQLite would let two programs have it', () => {
  // Nobody may write to it, not even root.
  const path = '/proc/sys/kernel/ostype'
  expect(() => new SyncLock(path)).toThrow(expect.objectContaining({ code: 'TIDEMARK_NO_ACCESS' }))
})

it('says which file cannot be made where there is no folder for it', () => {
  const path = '/proc/self/status/a.db-lock'
  const refused = { code: 'TIDEMARK_NO_ACCESS', message: expect.stringContaining(path) as string }
  expect(() => new SyncLock(path)).toThrow(expect.objectContaining(refused))
})
