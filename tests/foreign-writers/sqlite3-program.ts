/**
 * `sqlite3-program.ts <database> <name>`: feeds one long-lived `sqlite3` command with what programs do, over
 * and over, until its standard input ends. Beside busy-program.ts it is another build of SQLite, in a process
 * without JavaScript.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const [, , path, name] = process.argv as [string, string, string, string]
const shell = spawn('sqlite3', ['-batch', path], { stdio: ['pipe', 'pipe', 'inherit'] })
const ended = once(shell, 'close')
const output = createInterface({ input: shell.stdout })[Symbol.asyncIterator]()
const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)]!

/** A transaction of the journal (journal.ts). It waits for locks, and the shell ends where it fails. */
function write(transaction: number): string {
  const word = `${name}.${transaction}`
  const rows = pick([1, 1, 5, 40])
  const inserts = Array.from(
    { length: rows },
    (_, row) =>
      `INSERT INTO entry (id, body) VALUES ('${word}.${row}', hex(randomblob(${row * 20}))); INSERT INTO line (word) VALUES ('${word}.${row}');`,
  )
  return `.bail on\n.timeout 30000\nBEGIN IMMEDIATE; ${inserts.join(' ')} COMMIT; SELECT '${word}.${rows}';`
}

/** What somebody may be in the way of. */
const DEEDS = [
  'PRAGMA wal_checkpoint(PASSIVE);',
  'PRAGMA wal_checkpoint(TRUNCATE);',
  'SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM line);',
  'VACUUM;',
  `CREATE INDEX IF NOT EXISTS ${name}_i ON entry (flag);`,
  `DROP INDEX IF EXISTS ${name}_i;`,
]

/** Runs it to its end. @returns what was printed */
async function run(sql: string): Promise<string[]> {
  shell.stdin.write(`${sql}\nSELECT 'end';\n`)
  const printed: string[] = []
  for (;;) {
    const { value, done } = await output.next()
    if (done === true) throw new Error('sqlite3 has ended')
    if (value === 'end') return printed
    printed.push(value)
  }
}

process.stdin.resume()
for (let transaction = 0; !process.stdin.readableEnded; transaction++) {
  const [acknowledged] = await run(write(transaction))
  process.stdout.write(`${acknowledged}\n`)
  await run(`.bail off\n.timeout 200\n${pick(DEEDS)}`)
  await sleep(Math.random() * 10)
}
shell.stdin.end()
await ended
