import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { initProtocol } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import type { Resolution } from '../src/index.ts'
import { keepLocal } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

let directory: string
let origin: Origin
let replica: Replica

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-resolver-'))
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec("CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('a', 'old')")
  origin.bootstrap(join(directory, 'c.db'))
  replica = Replica.open(join(directory, 'c.db'), { busyTimeoutMs: 0 })
  replica.connection.exec("UPDATE note SET body = 'local'; INSERT INTO note VALUES ('mine', 'x')")
  origin.exec("UPDATE note SET body = 'remote'")
  origin.stage(replica)
})

afterEach(() => {
  replica.close()
  origin.close()
  rmSync(directory, { recursive: true })
})

const rows = (): unknown[] => replica.connection.prepare('SELECT id, body FROM note ORDER BY id').raw().all()

function expectKeptLocal(): void {
  expect(existsSync(`${replica.path}-replay`)).toBe(false)
  expect(rows()).toEqual([
    ['a', 'local'],
    ['mine', 'x'],
  ])
  expect(baseDifferences(replica, origin)).toEqual([])
  replica.connection.exec("INSERT INTO note VALUES ('later', 'x')")
  expect(replica.pendingCount()).toBe(3)
}

it.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('from the application')
    },
  ],
  ['writes to the database', () => replica.connection.exec('DELETE FROM note')],
  ['answers with nothing', () => undefined],
  ['answers with a value that SQLite does not have', () => ({ row: { body: new Date(0) } })],
  ['answers with an integer that SQLite does not have', () => ({ row: { body: 2n ** 64n } })],
])('I4: a resolver that %s leaves the pull applied, local changes kept and capture on', (_, resolve) => {
  expect(() => replica.applyPull({ ...keepLocal, resolve: resolve as () => Resolution })).toThrow()
  expectKeptLocal()
})

it('I4: a conflict listener that throws leaves the pull applied, local changes kept and capture on', () => {
  const failure = new Error('from the application')
  const onConflict = (): void => {
    throw failure
  }
  expect(() => replica.applyPull({ resolve: () => 'accept-remote', onConflict })).toThrow(failure)
  expectKeptLocal()
})
