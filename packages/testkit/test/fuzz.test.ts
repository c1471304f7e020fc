import { expect, it } from 'vitest'

import { runFuzz } from '../src/fuzz/run-fuzz.ts'
import type { Finding } from '../src/fuzz/finding.ts'

/** `pnpm fuzz` runs for as long as one likes. */
async function fuzz(layer: string, seconds: number): Promise<readonly string[]> {
  const findings: string[] = []
  const onFinding = (_: string, { seed, what }: Finding): void => void findings.push(`seed ${seed}: ${what}`)
  const [summary] = await runFuzz({ seed: 1, seconds, layers: [layer], onFinding })
  expect(summary!.cases).toBeGreaterThan(0)
  return findings
}

it('I8: decoders answer damaged messages with typed errors, soon and in little memory', async () => {
  expect(await fuzz('decoders', 1)).toEqual([])
})

it('I8: a server lives through hostile requests, answers them with errors of theirs, and keeps other databases as they were', async () => {
  expect(await fuzz('server', 1)).toEqual([])
})

it('I8: a client of a lying server keeps its rows, and converges once the server is honest', async () => {
  expect(await fuzz('client', 1)).toEqual([])
})
