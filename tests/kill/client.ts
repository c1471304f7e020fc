/**
 * A client that works until it is killed: `client.ts <database> <url> <seed>`. It writes one line to stdout for every local write that has returned, so the
 * parent knows what must never be lost.
 */
import { writeSync } from 'node:fs'

import { connect, isTidemarkError } from '@tidemark/sdk-node'

const [, , path, url, name] = process.argv
const db = await connect({ path: path!, url: url! })
db.exec('CREATE TABLE IF NOT EXISTS entry (id TEXT PRIMARY KEY, body TEXT)')
db.exec('CREATE TABLE IF NOT EXISTS line (word TEXT)')
const entry = db.prepare('INSERT INTO entry VALUES (?, ?)')
const line = db.prepare('INSERT INTO line VALUES (?)')
const write = db.transaction((id: string) => {
  entry.run(id, 'x'.repeat(Math.floor(Math.random() * 3000)))
  line.run(id)
})

const steps = [() => db.push(), () => db.pull(), () => db.sync(), async () => db.checkpoint()]
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
