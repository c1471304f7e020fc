import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { ConnectOptions } from '../src/index.ts'
import { SyncServer } from './sync-server.ts'

/** Permissions of the database in `folder` and of the files beside it, by what their names end in. */
function permissions(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.startsWith('a.db'))
  return Object.fromEntries(
    names.map((name) => [
      name.slice('a.db'.length),
      (statSync(`${folder}/${name}`).mode & 0o777).toString(8),
    ]),
  )
}

const allPrivate = (...suffixes: readonly string[]): Record<string, string> =>
  Object.fromEntries(['', ...suffixes].map((suffix) => [suffix, '600']))

test('the files beside a private database, which have the same data, are as private', async () => {
  await using server = new SyncServer()
  const folder = server.directory.path
  const other = await server.client('b.db')
  other.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)')
  other.exec('INSERT INTO t VALUES (1, NULL)')
  await other.sync()
  const first = await server.client('a.db')
  chmodSync(first.name, 0o600)
  first.close()
  for (const made of ['-info', '-lock']) rmSync(`${first.name}${made}`)
  const inReplay: Record<string, string>[] = []
  const options: Partial<ConnectOptions> = {
    existing: 'replace',
    conflictResolution: () => {
      inReplay.push(permissions(folder))
      return 'accept-remote'
    },
  }
  const db = await server.client('a.db', options)
  other.exec('UPDATE t SET b = randomblob(500000)')
  await other.sync()
  db.exec('UPDATE t SET b = 1')
  await db.pull()
  await db.checkpoint()
  db.exec('UPDATE t SET b = 2')
  await db.checkpoint()
  expect(inReplay[0]).toEqual(allPrivate('-changes', '-info', '-lock', '-replay', '-shm', '-wal'))
  expect(permissions(folder)).toEqual(allPrivate('-info', '-lock', '-shm', '-wal', '-wal-revert'))
})
