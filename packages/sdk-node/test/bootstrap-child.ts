/**
 * Opens a file that is not there yet, writes a row and syncs. Arguments: path, URL or nothing, name of the
 * row. Prints what it downloaded.
 */
import { Database } from '../src/index.ts'

const [path = '', url = '', name = ''] = process.argv.slice(2)
const db = new Database({
  path,
  url: () => (url === '' ? null : url),
  pullBytesThreshold: 20 * 4096,
  retry: { attempts: 30, delayMs: 10, backoff: 1 },
})
if (url !== '') await db.connect()
const { pagesPulled } = await db.stats()
db.exec('CREATE TABLE IF NOT EXISTS who (name TEXT PRIMARY KEY)')
db.prepare('INSERT INTO who VALUES (?)').run(name)
if (url !== '') await db.sync()
process.stdout.write(String(pagesPulled))
db.close()
