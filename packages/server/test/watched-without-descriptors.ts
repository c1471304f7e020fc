/**
 * Takes all descriptors that the process may have, and then more memory than its watchdog allows. To be run with
 * a small `ulimit -n`, and a pipe for the verdict.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Watchdog } from '../src/worker/watchdog.ts'
import { takeDescriptors } from './take-descriptors.ts'

const STEP_BYTES = 1_000_000

await new Watchdog().start({
  maxRssBytes: process.memoryUsage.rss() + 100 * STEP_BYTES,
  mainProcessId: process.ppid,
})
takeDescriptors()
const taken: Buffer[] = []
for (;;) {
  if (taken.length < 200) taken.push(Buffer.alloc(STEP_BYTES, 1))
  await nextTurn()
}
