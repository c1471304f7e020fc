/** A program that knows nothing of Tidemark: it opens a SQLite file with plain better-sqlite3 and writes a row. */
import Database from 'better-sqlite3'

const [path, body] = process.argv.slice(2)
if (path === undefined || body === undefined) throw new Error('usage: outsider.ts FILE TEXT')
const db = new Database(path, { fileMustExist: true })
db.prepare(`INSERT INTO note VALUES (2657896, 'outsider', ?)`).run(body)
db.close()
