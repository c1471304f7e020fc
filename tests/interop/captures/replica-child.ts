/**
 * `replica-child.ts <file> <url>`: an embedded replica of libSQL's client. In a process of its own, since its
 * calls block the event loop.
 */
import { createClient } from '@libsql/client'

const [, , file, syncUrl] = process.argv as [string, string, string, string]
const db = createClient({ url: `file:${file}`, syncUrl, authToken: 'secret' })
await db.sync()
await db.execute("INSERT INTO t VALUES (2, 'of the replica')")
await db.sync()
await db.execute('SELECT * FROM t')
db.close()
