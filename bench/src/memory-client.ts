/** `memory-client.ts push|bootstrap <path> <url>`: one step of the memory benchmark; prints its own peak in MB. */
import { connect } from '@tidemark/sdk-node'
import { peakMb } from './processes/process-usage.ts'

const [, , step, path, url] = process.argv
const db = await connect({ path: path!, url: url! })
if (step === 'push') {
  db.exec('CREATE TABLE IF NOT EXISTS chunk (id INTEGER PRIMARY KEY, bytes BLOB)')
  const insert = db.prepare('INSERT INTO chunk (bytes) VALUES (randomblob(20000))')
  db.transaction(() => {
    for (let i = 0; i < 10_000; i++) insert.run()
  })()
  await db.push()
}
db.close()
process.stdout.write(String(peakMb([process.pid])))
