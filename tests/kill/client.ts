/**
 * A client that works until it is killed: `client.ts <database> <url> <seed>`. It writes one line to stdout
 * for every local write that has returned, so the parent knows what must never be lost.
 */
import { writeSync } from 'node:fs'

import { connect, isTidemarkError } from '@tidemark/sdk-node'
import type { Database } from '@tidemark/sdk-node'

const [, , path, url, name] = process.argv
const open = async (): Promise<Database> => connect({ path: path!, url: url! })
let db = await open()
db.exec('CREATE TABLE IF NOT EXISTS entry (id TEXT PRIMARY KEY, body TEXT)')
db.exec('CREATE TABLE IF NOT EXISTS line (word TEXT)')

function write(id: string): void {
  db.transaction(() => {
    db.prepare('INSERT INTO entry VALUES (?, ?)').run(id, 'x'.repeat(Math.floor(Math.random() * 3000)))
    db.prepare('INSERT INTO line VALUES (?)').run(id)
  })()
}

async function reopen(): Promise<void> {
  db.close()
  db = await open()
}

const steps = [
  () => db.push(),
  () => db.pull(),
  () => db.sync(),
  async () => {
    await db.checkpoint()
  },
  reopen,
]
for (let i = 0; ; i++) {
  for (let k = 0; k < 3; k++) {
    const id = `${name}-${i}-${k}`
    write(id)
    writeSync(1, `${id}\n`)
  }
  try {
    await steps[Math.floor(Math.random() * steps.length)]!()
  } catch (error) {
    if (!isTidemarkError(error) || !['retry', 'pull'].includes(error.recovery)) throw error
  }
}
