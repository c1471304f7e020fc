/**
 * A Turso client that works until it is killed: `writing-client.ts <database> <url> <round>`. It says each
 * word on stdout once the local write of it has returned.
 */
import { writeSync } from 'node:fs'
import { connect } from '@tursodatabase/sync'

const [, , path, url, round] = process.argv
const client = await connect({ path: path!, url: url! })
for (let index = 0; ; index++) {
  const word = `${round}-${String(index).padStart(4, '0')}`
  await client.exec(`INSERT INTO line VALUES ('${word}')`)
  writeSync(1, `${word}\n`)
  if (index % 3 === 0) await client.push()
  if (index % 5 === 0) await client.pull()
  if (index % 11 === 0) await client.checkpoint()
}
