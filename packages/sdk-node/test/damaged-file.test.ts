import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { PAGE_SIZE } from '@tidemark/protocol'
import type { TidemarkError } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

const tags = (db: Database): unknown[] => db.prepare('SELECT tag FROM note ORDER BY tag').pluck().all()

/** A closed client with something pending, and another one that has written since. */
async function prepare(server: SyncServer): Promise<Database> {
  const damaged = await server.client('before.db')
  damaged.exec('CREATE TABLE note (tag TEXT PRIMARY KEY, body TEXT)')
  damaged.exec(`INSERT INTO note VALUES ('first', hex(randomblob(3000)))`)
  await damaged.sync()
  damaged.exec(`INSERT INTO note VALUES ('pending', hex(randomblob(3000)))`)
  damaged.close()
  const other = await server.client('other.db')
  other.exec(`INSERT INTO note VALUES ('other', hex(randomblob(3000))); UPDATE note SET body = 'x'`)
  await other.sync()
  return other
}

/** The times stay, to the nanosecond: nobody has written. */
function copyWith(server: SyncServer, name: string, damage: (bytes: Buffer) => void): void {
  const { directory } = server
  for (const file of readdirSync(directory.path))
    if (file.startsWith('before.db'))
      spawnSync('cp', ['-a', directory.file(file), directory.file(file.replace('before.db', name))])
  const bytes = readFileSync(directory.file(name))
  damage(bytes)
  writeFileSync(directory.file(name), bytes)
  spawnSync('touch', ['-r', directory.file('before.db'), directory.file(name)])
}

const code = (error: unknown): unknown => (error as TidemarkError).code

/**
 * What a program does that does what it is told: the code of the first error, null for none, or `new file`
 * where no reset helps.
 */
async function syncOrReset(db: Database): Promise<unknown> {
  try {
    await db.connect()
    await db.sync()
    return null
  } catch (first) {
    for (const keepPending of [true, false]) {
      try {
        await db.reset({ keepPending })
        await db.sync()
        return code(first)
      } catch (error) {
        for (const told of [first, error])
          expect(told).toMatchObject({
            recovery: 'reset',
            message: expect.stringContaining('reset(') as string,
          })
      }
    }
    return 'new file'
  }
}

test('a page of a closed file that the disk has overwritten: a typed error says what to do, that helps, and nothing of others is changed', async () => {
  await using server = new SyncServer()
  const other = await prepare(server)
  const sizeInPages = statSync(server.directory.file('before.db')).size / PAGE_SIZE
  const ends = new Set<unknown>()
  for (let page = 1; page < sizeInPages; page++) {
    const name = `page-${page + 1}.db`
    copyWith(server, name, (bytes) => bytes.fill(0xa5, page * PAGE_SIZE, (page + 1) * PAGE_SIZE))
    const db = server.open(name)
    const end = await syncOrReset(db)
    ends.add(end)
    await other.sync()
    if (end !== 'new file') {
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
      expect(contentOf(db)).toEqual(contentOf(other))
    }
    expect(tags(other).filter((tag) => tag !== 'pending')).toEqual(['first', 'other'])
    db.close()
  }
  copyWith(server, 'page-1.db', (bytes) => bytes.fill(0xa5, 0, PAGE_SIZE))
  expect(() => server.open('page-1.db')).toThrow(
    expect.objectContaining({ code: 'TIDEMARK_NOT_A_DATABASE', recovery: 'operator' }),
  )
  expect([...ends]).toEqual(expect.arrayContaining([null, 'TIDEMARK_DATABASE_DAMAGED']))
})

test('a value of the base that the disk has changed shows when a pull brings a change of it, and a reset mends it', async () => {
  await using server = new SyncServer()
  const other = await server.client('other.db')
  other.exec('CREATE TABLE note (tag TEXT PRIMARY KEY, body TEXT)')
  other.exec(`INSERT INTO note VALUES ('long', 'the value ' || hex(randomblob(1500)))`)
  await other.sync()
  const client = await server.client('before.db')
  client.close()
  other.exec(`INSERT INTO note VALUES ('short', 'x')`)
  await other.sync()
  copyWith(server, 'damaged.db', (bytes) => {
    bytes[bytes.indexOf('the value ') + 200]! ^= 1
  })
  const db = await server.client('damaged.db')
  db.exec(`INSERT INTO note VALUES ('pending', 'x')`)
  await expect(db.pull()).rejects.toMatchObject({
    code: 'TIDEMARK_PAGE_CHECKSUM',
    recovery: 'reset',
    message: expect.stringContaining('reset()') as string,
  })
  await db.reset()
  await db.sync()
  await other.sync()
  expect(tags(db)).toEqual(['long', 'pending', 'short'])
  expect(contentOf(db)).toEqual(contentOf(other))
})
