import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TemporaryDirectory } from '../../test/temporary-directory.ts'
import { Database } from '../database/database.ts'

const FRAME_BYTES = 24 + 4096

/** Bytes behind the last frame of the WAL, after some writes. */
async function roomAfterWrites(durability: 'full' | 'normal'): Promise<number> {
  using directory = new TemporaryDirectory()
  const path = directory.file('a.db')
  const db = new Database({ path, url: () => null, durability })
  db.exec('CREATE TABLE t (a)')
  const insert = db.prepare('INSERT INTO t VALUES (?)')
  for (let i = 0; i < 32; i += 1) insert.run(i)
  const { mainWalSize } = await db.stats()
  const room = statSync(`${path}-wal`).size - mainWalSize
  db.close()
  return room
}

test('writes that are synced find room in the WAL', async () => {
  expect(await roomAfterWrites('full')).toBeGreaterThan(100 * FRAME_BYTES)
})

test('where writes are not synced the WAL stays as long as its frames', async () => {
  expect(await roomAfterWrites('normal')).toBeLessThan(FRAME_BYTES)
})
