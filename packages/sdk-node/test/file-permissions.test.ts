import { chmodSync, chownSync, readdirSync, rmSync, statSync } from 'node:fs'
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

/** The members of the group mostly have the umask 022. */
const MODES = [
  ['only its owner may read', 0o600],
  ['a group may write to', 0o664],
] as const

test.each(MODES)(
  'the files beside a database that %s, which have the same data, are for the same people',
  async (_, mode) => {
    const all = (...suffixes: readonly string[]): Record<string, string> =>
      Object.fromEntries(['', ...suffixes].map((suffix) => [suffix, mode.toString(8)]))
    await using server = new SyncServer()
    const folder = server.directory.path
    const other = await server.client('b.db')
    other.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)')
    other.exec('INSERT INTO t VALUES (1, NULL)')
    await other.sync()
    const first = await server.client('a.db')
    chmodSync(first.name, mode)
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
    expect(inReplay[0]).toEqual(all('-changes', '-info', '-lock', '-replay', '-shm', '-wal'))
    expect(permissions(folder)).toEqual(all('-info', '-lock', '-shm', '-wal', '-wal-revert'))
  },
)

test.runIf(process.geteuid?.() === 0)(
  'what root makes beside the database of a user is that user’s',
  async () => {
    await using server = new SyncServer()
    const db = await server.client('a.db')
    chownSync(db.name, 65_534, 65_533)
    db.close()
    for (const made of ['-info', '-lock']) rmSync(`${db.name}${made}`)
    const again = await server.client('a.db', { existing: 'adopt' })
    again.exec('CREATE TABLE t (a)')
    await again.sync()
    await again.checkpoint()
    const { path: folder } = server.directory
    const files = readdirSync(folder).filter((name) => name.startsWith('a.db'))
    const owners = files.map((name) => [name, statSync(`${folder}/${name}`)] as const)
    expect(owners.map(([name, { uid, gid }]) => `${name} ${uid} ${gid}`)).toEqual(
      files.map((name) => `${name} 65534 65533`),
    )
    expect(files.length).toBeGreaterThan(4)
  },
)
