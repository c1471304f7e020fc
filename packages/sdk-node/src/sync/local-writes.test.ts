import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TemporaryDirectory } from '../../test/temporary-directory.ts'
import { Database } from '../database/database.ts'

const FRAME_BYTES = 24 + 4096

function openPaused(path: string, durability: 'full' | 'normal'): Database {
  const db = new Database({ path, url: () => null, durability })
  db.exec('CREATE TABLE t (a)')
  return db
}

/** Bytes behind the last frame of the WAL. */
async function roomIn(path: string, db: Database): Promise<number> {
  const { mainWalSize } = await db.stats()
  return statSync(`${path}-wal`).size - mainWalSize
}

test.each(['full', 'normal'] as const)('writes find room in the WAL: %s', async (durability) => {
  using directory = new TemporaryDirectory()
  const path = directory.file('a.db')
  const db = openPaused(path, durability)
  const insert = db.prepare('INSERT INTO t VALUES (?)')
  for (let i = 0; i < 32; i += 1) insert.run(i)
  expect(await roomIn(path, db)).toBeGreaterThan(100 * FRAME_BYTES)
  db.close()
})

test('what follows a transaction of many writes finds room as well', async () => {
  using directory = new TemporaryDirectory()
  const path = directory.file('a.db')
  const db = openPaused(path, 'normal')
  const insert = db.prepare('INSERT INTO t VALUES (randomblob(4000))')
  db.exec('BEGIN')
  for (let i = 0; i < 100; i += 1) insert.run()
  db.exec('COMMIT')
  expect(await roomIn(path, db)).toBeGreaterThan(100 * FRAME_BYTES)
  db.close()
})

const writers: Record<string, (db: Database) => () => void> = {
  'transaction()': (db) => {
    const insert = db.prepare('INSERT INTO t VALUES (randomblob(4000))')
    return db.transaction(() => {
      for (let i = 0; i < 10; i += 1) insert.run()
    })
  },
  'statements that begin and commit': (db) => {
    const [begin, insert, commit] = ['BEGIN', 'INSERT INTO t VALUES (randomblob(4000))', 'COMMIT'].map(
      (sql) => db.prepare(sql),
    )
    return () => {
      begin!.run()
      for (let i = 0; i < 10; i += 1) insert!.run()
      commit!.run()
    }
  },
}

test.each(Object.keys(writers))(
  'who writes in transactions only gets a checkpoint at the ceiling too: %s',
  async (kind) => {
    using directory = new TemporaryDirectory()
    const path = directory.file('a.db')
    const db = new Database({
      path,
      url: () => null,
      durability: 'normal',
      autoCheckpoint: { pages: 50, ceilingPages: 200 },
    })
    db.exec('CREATE TABLE t (a)')
    const write = writers[kind]!(db)
    for (let i = 0; i < 300; i += 1) write()
    expect((await db.stats()).mainWalSize).toBeGreaterThan(200 * FRAME_BYTES)
    await expect.poll(async () => (await db.stats()).mainWalSize).toBeLessThan(200 * FRAME_BYTES)
    db.close()
  },
)
