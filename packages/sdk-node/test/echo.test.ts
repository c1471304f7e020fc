import { describe, expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { contentOf, OwnSyncServer, SyncServer } from './sync-server.ts'

const ROWS = 2000

function insertNoise(db: Database, rows = ROWS): void {
  const insert = db.prepare('INSERT INTO noise (name, size, data) VALUES (?, ?, randomblob(60))')
  db.transaction(() => {
    for (let i = 0; i < rows; i++) insert.run(`noise ${i}`, i / 2)
  })()
}

async function pulledBytes(db: Database): Promise<number> {
  const { networkReceivedBytes: before } = await db.stats()
  expect(await db.pull()).toBe(true)
  return (await db.stats()).networkReceivedBytes - before
}

/** A client, and another one that has not pushed: for it the same pages cost what they cost. */
async function writerAndReader(server: SyncServer): Promise<[Database, Database]> {
  const writer = await server.client('writer.db')
  writer.exec('CREATE TABLE noise (id INTEGER PRIMARY KEY, name TEXT, size REAL, data BLOB)')
  await writer.sync()
  return [writer, await server.client('reader.db')]
}

describe('the pull after one’s own push', () => {
  test('takes a small part of what the rows take', async () => {
    await using server = new SyncServer()
    const [writer, reader] = await writerAndReader(server)
    insertNoise(writer)
    await writer.push()
    const [echo, pull] = [await pulledBytes(writer), await pulledBytes(reader)]
    expect(echo).toBeLessThan(pull / 5)
    expect(contentOf(writer)).toEqual(contentOf(reader))
    expect(await writer.push()).toMatchObject({ operations: 0 })
  })

  test('knows the rows of several pushes, and what others and later changes did to them', async () => {
    await using server = new SyncServer()
    const [writer, reader] = await writerAndReader(server)
    insertNoise(writer)
    await writer.push()
    insertNoise(writer)
    writer.exec("UPDATE noise SET name = 'changed' WHERE id % 50 = 0; DELETE FROM noise WHERE id % 77 = 0")
    await writer.push()
    await reader.pull()
    reader.exec("INSERT INTO noise (id, name) VALUES (100000, 'of the reader')")
    await reader.push()
    insertNoise(writer, 10)
    const echo = await pulledBytes(writer)
    expect(echo).toBeLessThan(ROWS * 60)
    await writer.push()
    await reader.pull()
    expect(contentOf(writer)).toEqual(contentOf(reader))
    expect(await writer.pending()).toEqual([])
  })

  test('is whole where the server does not know the push any more', async () => {
    await using server = await OwnSyncServer.start()
    const [writer, reader] = await writerAndReader(server)
    insertNoise(writer)
    await writer.push()
    await server.restart()
    expect(await pulledBytes(writer)).toBeGreaterThan(ROWS * 60)
    await reader.pull()
    expect(contentOf(writer)).toEqual(contentOf(reader))
  })
})
