import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { initProtocol } from '@tidemark/protocol'
import Sqlite from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { pull } from './pull-client.ts'
import { CREATE_ITEMS, insertItem, push, pushId, schemaChange } from './push-client.ts'
import { run, startServer, temporaryDirectory } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const SELECT = 'SELECT body FROM item ORDER BY id'

const elsewhere = temporaryDirectory()
const backup = join(elsewhere, 'backup')
const aside = join(elsewhere, 'aside')
let server: RunningServer
let database: string
let folder: string

beforeAll(initProtocol)

/** A database with a row that is in its backup, and one that is not; both have been pushed, and pulled. */
beforeEach(async () => {
  server = await startServer()
  database = await server.create('a')
  folder = join(server.data, 'databases', readdirSync(join(server.data, 'databases'))[0]!)
  await push(database, {}, [schemaChange(1, CREATE_ITEMS), insertItem(2, 1, 'kept')])
  cpSync(folder, backup, { recursive: true, preserveTimestamps: true })
  const second = { pushId: pushId(2), previousPushId: pushId(1) }
  await push(database, second, [insertItem(3, 2, 'since')])
  await pull(database, 'tidemark')
})

afterEach(async () => {
  await server.close()
  rmSync(backup, { recursive: true })
  rmSync(aside, { recursive: true, force: true })
})

afterAll(() => {
  rmSync(elsewhere, { recursive: true })
})

function rowsIn(directory: string): unknown[] {
  const db = new Sqlite(join(directory, 'main.db'))
  try {
    return db.prepare(SELECT).pluck().all()
  } finally {
    db.close()
  }
}

test('a backup that takes the place of an open database is what is served from then on, and what was there stays whole', async () => {
  const before = await pull(database, 'tidemark')
  renameSync(folder, aside)
  cpSync(backup, folder, { recursive: true, preserveTimestamps: true })
  expect(await run(database, SELECT)).toEqual([['kept']])
  await run(database, "INSERT INTO item VALUES (3, 'later')")
  const { revision, pages } = await pull(database, 'tidemark', { clientRevision: before.revision })
  // It is not known as one that follows the client's.
  expect(pages.size).toBe((await pull(database, 'tidemark')).pages.size)
  expect(revision).not.toBe(before.revision)
  expect(rowsIn(aside)).toEqual(['kept', 'since'])
  expect(await run(database, SELECT)).toEqual([['kept'], ['later']])
  expect(server.logs).toContainEqual(expect.objectContaining({ level: 50, database: 'a' }))
})

test('nothing is taken for a database whose files are gone, which can be deleted and made anew', async () => {
  rmSync(folder, { recursive: true })
  await expect(run(database, "INSERT INTO item VALUES (3, 'nowhere')")).rejects.toThrow('500')
  await expect(pull(database, 'tidemark')).rejects.toThrow('500')
  const url = `${server.url}/admin/v1/databases/a`
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
  expect(existsSync(folder)).toBe(false)
  await server.create('a')
  expect(await run(database, CREATE_ITEMS, SELECT)).toEqual([])
})
