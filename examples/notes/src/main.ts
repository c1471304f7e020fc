/**
 * Notes on any number of devices: `main.ts FILE [TEXT]` adds a note, shares what it can, and lists all notes.
 * Without a network it works just the same, and shares the next time.
 */
import { connect, isTidemarkError } from '@tidemark/sdk-node'

const [path = 'notes.db', ...words] = process.argv.slice(2)
const db = await connect({ path, url: process.env['NOTES_URL'] ?? 'http://127.0.0.1:8080/db/notes' })

db.exec('CREATE TABLE IF NOT EXISTS note (id TEXT PRIMARY KEY, body TEXT NOT NULL, written TEXT NOT NULL)')
if (words.length > 0) {
  db.prepare(`INSERT INTO note VALUES (?, ?, datetime('now'))`).run(crypto.randomUUID(), words.join(' '))
}

try {
  await db.sync()
} catch (error) {
  if (!isTidemarkError(error) || error.recovery !== 'retry') throw error
  console.log('(offline: what is new is kept here and shared next time)')
}

for (const body of db.prepare('SELECT body FROM note ORDER BY written').pluck().all())
  console.log(`- ${String(body)}`)
db.close()
