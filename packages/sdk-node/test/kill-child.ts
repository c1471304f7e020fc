/**
 * A client that writes and syncs until it is killed. Arguments: path, URL, seed. After each committed
 * transaction it prints the highest number that it has written.
 */
import { writeSync } from 'node:fs'
import { Database } from '../src/index.ts'

const [path = '', url = '', seed = '1'] = process.argv.slice(2)

/** A random number generator that can be seeded (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const random = randomFrom(Number(seed))
const open = (): Database =>
  new Database({ path, url, autoCheckpoint: { pages: 60 }, retry: { attempts: 20, delayMs: 1 } })

let db = open()
for (;;) {
  const insert = db.prepare(`INSERT INTO hit (source, n, filler) VALUES ('child', ?, randomblob(?))`)
  const writeSome = db.transaction(() => {
    const next = db
      .prepare(`SELECT coalesce(max(n), 0) + 1 FROM hit WHERE source = 'child'`)
      .pluck()
      .get() as number
    const count = 1 + Math.floor(random() * 4)
    for (let n = next; n < next + count; n += 1) insert.run(n, Math.floor(random() * 3000))
    db.prepare('UPDATE tally SET total = ?').run(next + count - 1)
    return next + count - 1
  })
  const highest = writeSome()
  writeSync(1, `${highest}\n`)
  const choice = random()
  if (choice < 0.3) await db.push()
  else if (choice < 0.6) await db.pull()
  else if (choice < 0.8) await db.sync()
  else if (choice < 0.9) await db.checkpoint()
  else {
    db.close()
    db = open()
  }
}
