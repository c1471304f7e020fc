/**
 * `latency-writer.ts <path> <url>`: the client that writes. For each id that it is sent it commits a row and
 * pushes it; it answers with the moment before the commit, in nanoseconds of the machine's monotonic clock,
 * which is the same in all processes.
 */
import { connect } from '@tidemark/sdk-node'
import { INSERT, itemRows, SCHEMA } from '../rows.ts'

const [, , path, url] = process.argv as [string, string, string, string]
const db = await connect({ path, url })
db.exec(SCHEMA)
await db.push()

process.on('message', (id: number) => {
  void db.pull().then(async () => {
    const start = process.hrtime.bigint()
    db.prepare(INSERT).run(...itemRows(id, 1)[0]!)
    await db.push()
    process.send!(String(start))
  })
})
process.on('disconnect', () => db.close())
process.send!('ready')
