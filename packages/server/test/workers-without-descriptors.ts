/**
 * Asks for a database where no worker can be started, since the process may open no more files, and again where
 * it may. To be run with a small `ulimit -n`. Argument: an empty directory. Prints what came of each.
 */
import { closeSync } from 'node:fs'
import { isTidemarkError } from '@tidemark/protocol'
import { parseConfig } from '../src/config/load-config.ts'
import { WorkerPool } from '../src/worker/worker-pool.ts'
import { workerSettings } from '../src/worker/worker-settings-of.ts'
import { takeDescriptors } from './take-descriptors.ts'

const [directory] = process.argv.slice(2)
const database = { id: '0'.repeat(32), name: 'a', directory: directory! }
const outcomes: string[] = []

const taken = takeDescriptors()
const pool = new WorkerPool(
  1,
  workerSettings(parseConfig({})),
  () => true,
  () => {},
)
await ask()
for (const descriptor of taken) closeSync(descriptor)
await ask()
await pool.close(10_000)
process.stdout.write(JSON.stringify(outcomes))

async function ask(): Promise<void> {
  try {
    await pool.call('status', database, { database })
    outcomes.push('served')
  } catch (error) {
    outcomes.push(isTidemarkError(error) ? error.code : String(error))
  }
}
