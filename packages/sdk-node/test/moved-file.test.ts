import { copyFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

const replaced = { code: 'TIDEMARK_FILE_REPLACED', recovery: 'operator' }

/** A replica in a folder of its own, with one row that is pending. */
async function withPendingRow(server: SyncServer): Promise<Database> {
  const db = await server.client('a.db')
  db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)')
  await db.sync()
  db.exec(`INSERT INTO t VALUES (1, 'pending')`)
  return db
}

/** Everything that would write to the files, or tell of the queue, and close(). */
async function expectRefused(db: Database): Promise<void> {
  await expect(db.pending()).rejects.toMatchObject(replaced)
  await expect(db.push()).rejects.toMatchObject(replaced)
  await expect(db.pull()).rejects.toMatchObject(replaced)
  await expect(db.checkpoint()).rejects.toMatchObject(replaced)
  await expect(db.reset()).rejects.toMatchObject(replaced)
  db.exec(`INSERT INTO t VALUES (2, 'after')`)
  db.close()
}

const bothRows = {
  t: [
    { a: 1n, b: 'pending' },
    { a: 2n, b: 'after' },
  ],
}

test('a copy takes the place of the open file: nothing is recorded beside it, and it has everything when it is opened again', async () => {
  await using server = new SyncServer()
  const db = await withPendingRow(server)
  copyFileSync(db.name, `${db.name}.copy`)
  renameSync(`${db.name}.copy`, db.name)
  await expectRefused(db)
  const again = await server.client('a.db')
  expect(contentOf(again)).toEqual(bothRows)
  await again.sync()
  expect(contentOf(await server.client('b.db'))).toEqual(bothRows)
})

test('the folder is renamed while the file is open: an error says so, and in its new place the file has everything', async () => {
  await using server = new SyncServer()
  const db = await withPendingRow(server)
  const folder = dirname(db.name)
  const renamed = `${folder}-renamed`
  renameSync(folder, renamed)
  try {
    await expectRefused(db)
    const again = server.open('a.db', { path: join(renamed, 'a.db') })
    await again.sync()
    expect(contentOf(again)).toEqual(bothRows)
    again.close()
  } finally {
    renameSync(renamed, folder)
  }
})

test('the file is deleted while it is open: no file comes back beside where it was', async () => {
  await using server = new SyncServer()
  const db = await withPendingRow(server)
  for (const name of readdirSync(dirname(db.name))) rmSync(join(dirname(db.name), name))
  await expectRefused(db)
  expect(readdirSync(dirname(db.name))).toEqual([])
})

test('-info is moved away: nothing is synced until it is back, and what is pending is kept', async () => {
  await using server = new SyncServer()
  const db = await withPendingRow(server)
  const info = `${db.name}-info`
  renameSync(info, `${info}.away`)
  const lost = { code: 'TIDEMARK_INFO_LOST', recovery: 'operator' }
  await expect(db.push()).rejects.toMatchObject(lost)
  await expect(db.pull()).rejects.toMatchObject(lost)
  db.exec(`INSERT INTO t VALUES (2, 'after')`)
  renameSync(`${info}.away`, info)
  await db.sync()
  expect(contentOf(await server.client('b.db'))).toEqual(bothRows)
})

test('-info is deleted: the database is opened again as one to adopt, and everything is pushed', async () => {
  await using server = new SyncServer()
  const db = await withPendingRow(server)
  rmSync(`${db.name}-info`)
  await expect(db.sync()).rejects.toMatchObject({ code: 'TIDEMARK_INFO_LOST' })
  db.exec(`INSERT INTO t VALUES (2, 'after')`)
  db.close()
  await expect(server.client('a.db')).rejects.toMatchObject({ code: 'TIDEMARK_NOT_SYNCED' })
  const again = await server.client('a.db', { existing: 'adopt' })
  await again.sync()
  expect(contentOf(await server.client('b.db'))).toEqual(bothRows)
})
