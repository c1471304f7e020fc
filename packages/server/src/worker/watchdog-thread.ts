import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { BEGUN, CURRENT_CALL, monotonicMs } from './watchdog-memory.ts'
import type { Verdict, WatchdogInput } from './watchdog-memory.ts'
import { VERDICT_DESCRIPTOR } from './descriptors.ts'
import { residentMemory } from './resident-memory.ts'

const INTERVAL_MS = 50

const input = workerData as WatchdogInput
const calls = new Int32Array(input.calls)
const deadline = new Float64Array(input.deadline)
const sleep = new Int32Array(new SharedArrayBuffer(4))
const residentBytes = residentMemory()

function end(reason: Verdict['reason']): void {
  const begun = [...calls.subarray(BEGUN)].filter((callId) => callId !== 0)
  const verdict: Verdict = { reason, callId: calls[CURRENT_CALL]!, begun }
  writeSync(VERDICT_DESCRIPTOR, JSON.stringify(verdict))
  process.kill(process.pid, 'SIGKILL')
}

parentPort!.postMessage('watching')
for (;;) {
  Atomics.wait(sleep, 0, 0, INTERVAL_MS)
  if (process.ppid !== input.mainProcessId) process.kill(process.pid, 'SIGKILL')
  const until = deadline[0]!
  if (until !== 0 && monotonicMs() > until) end('deadline')
  if (residentBytes() > input.maxRssBytes) end('memory')
}
