/**
 * `sdk-program.ts <database> <url> <name>`: an application with Tidemark that writes and syncs, over and
 * over, until its standard input ends.
 */

import { connect, isTidemarkError } from '@tidemark/sdk-node'
import type { Database } from '@tidemark/sdk-node'

import { JournalWriter } from './journal.ts'

const [, , path, url, name] = process.argv as [string, string, string, string, string]
const open = async (): Promise<Database> => connect({ path, url })
let db = await open()
const journal = new JournalWriter(() => db, name)
const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)]!

async function reopen(): Promise<void> {
  db.close()
  db = await open()
}

function isPassing(error: unknown): boolean {
  if (isTidemarkError(error)) return ['retry', 'pull'].includes(error.recovery)
  return error instanceof Error && 'code' in error && /^SQLITE_(BUSY|LOCKED)/.test(String(error.code))
}

process.stdin.resume()
const steps = [
  async () => db.push(),
  async () => db.pull(),
  async () => db.sync(),
  async () => db.checkpoint(),
  reopen,
]
while (!process.stdin.readableEnded) {
  try {
    for (let i = 0; i < 3; i++) journal.write()
    await pick(steps)()
  } catch (error) {
    if (!isPassing(error)) throw error
    if (!db.open) db = await open()
  }
}
db.close()
