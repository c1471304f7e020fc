/**
 * Reads an invariant without pause until it is told to stop: `pull-reader-child.ts <database>`. Exits with 1
 * on the first violation.
 */
import Database from 'better-sqlite3'

const db = new Database(process.argv[2])
const sum = db.prepare('SELECT sum(balance) AS total, count(*) AS rows FROM account')
let reads = 0
let stop = false
process.on('message', () => {
  stop = true
})
function step(): void {
  for (let i = 0; i < 200; i++) {
    const row = sum.get() as { total: number; rows: number }
    if (row.total !== 100 * row.rows || row.rows !== 200) fail(JSON.stringify(row))
    reads += 1
  }
  if (reads % 10_000 === 0) {
    const result = db.pragma('integrity_check', { simple: true })
    if (result !== 'ok') fail(String(result))
  }
  if (stop) {
    process.send!({ reads })
    process.disconnect()
  } else setImmediate(step)
}
function fail(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}
process.send!('ready')
step()
