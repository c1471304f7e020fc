/**
 * Loads the engine for queries where the process may open no more files, and again where it may. To be run with
 * a small `ulimit -n`. Prints what came of each.
 */
import { closeSync } from 'node:fs'
import { QueryEngine } from '../src/pull/query-engine.ts'
import { takeDescriptors } from './take-descriptors.ts'

const outcomes: boolean[] = []
const taken = takeDescriptors()
await load()
for (const descriptor of taken) closeSync(descriptor)
await load()
process.stdout.write(JSON.stringify(outcomes))

async function load(): Promise<void> {
  outcomes.push(
    await QueryEngine.load().then(
      () => true,
      () => false,
    ),
  )
}
