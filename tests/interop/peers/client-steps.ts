/**
 * A Turso client that takes steps and ends: `client-steps.ts <path> <url> <options> <step>…`. Says what each
 * came to on a line of JSON. See {@link clientProcess}.
 */
import { writeSync } from 'node:fs'
import { connect } from '@tursodatabase/sync'
import type { DatabaseOpts } from '@tursodatabase/sync'
import type { StepOutcome } from './client-process.ts'
import { tursoRows } from './turso-client.ts'

const [, , path, url, options, ...steps] = process.argv
const client = await connect({ path: path!, url: url!, ...(JSON.parse(options!) as Partial<DatabaseOpts>) })
for (const step of steps) {
  try {
    say({ result: await take(step) })
  } catch (error) {
    say({ error: String(error) })
  }
}
await client.close()

function say(outcome: StepOutcome): void {
  writeSync(1, `${JSON.stringify(outcome)}\n`)
}

async function take(step: string): Promise<unknown> {
  if (step === 'pull') return client.pull()
  if (step === 'push') return client.push()
  if (/^select/i.test(step))
    return (await tursoRows(client, step)).map((row) =>
      row.map((value) => (typeof value === 'bigint' ? Number(value) : value)),
    )
  return client.exec(step)
}
