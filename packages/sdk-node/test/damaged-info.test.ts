import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contentOf, SyncServer } from './sync-server.ts'

/** Where in the newest state a bit is turned around, of 8. */
const PLACES = [0, 1, 2, 3, 4, 5, 6, 7]

/** Turns a bit of the newest state in an `-info` file around. */
function damageNewest(path: string, place: number): void {
  const bytes = readFileSync(path)
  const entries = (JSON.parse(bytes.toString()) as ({ sequence: number } | null)[]).filter(
    (entry) => entry !== null,
  )
  const newest = Math.max(...entries.map(({ sequence }) => sequence))
  const start = bytes.indexOf(`{"sequence":${newest},`)
  const end = bytes.indexOf('}', bytes.indexOf('"lastPushUnixTime"', start))
  const at = start + Math.floor(((place + 0.5) / PLACES.length) * (end - start))
  bytes[at] = bytes[at]! ^ (1 << (place % 7))
  writeFileSync(path, bytes)
}

/** The files as a crash would leave them now. @returns the copy's name */
function crashed(server: SyncServer, name: string): string {
  const file = server.directory.file(name)
  for (const suffix of ['', '-wal', '-wal-revert', '-info'])
    if (existsSync(file + suffix))
      copyFileSync(file + suffix, server.directory.file(`crashed-${name}${suffix}`))
  return `crashed-${name}`
}

test.for(['push', 'pull'] as const)(
  'a bit that the disk has turned around in what -info says of the last %s: the state before counts, and each row is there once (I3)',
  async (operation) => {
    await using server = new SyncServer()
    const other = await server.client('other.db')
    other.exec('CREATE TABLE line (word TEXT)')
    await other.push()
    const words: string[] = []
    for (const place of PLACES) {
      const db = await server.client(`${place}.db`)
      const write = (word: string): void => {
        db.prepare('INSERT INTO line VALUES (?)').run(`${place} ${word}`)
        words.push(`${place} ${word}`)
      }
      write('first')
      await db.push()
      write('second')
      await db[operation]()
      write('pending')
      const name = crashed(server, `${place}.db`)
      db.close()
      damageNewest(server.directory.file(`${name}-info`), place)
      const again = await server.client(name)
      await again.sync()
      await again.sync()
      expect((await again.stats()).cdcOperations).toBe(0)
      await other.pull()
      expect(contentOf(again)).toEqual(contentOf(other))
      expect(other.prepare('SELECT word FROM line ORDER BY word').pluck().all()).toEqual(words.toSorted())
    }
  },
)
