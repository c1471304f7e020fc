/**
 * `pnpm simulate --seeds 1000 [--from N]`, `pnpm simulate --seed N [--steps 1,2,3]`; `--turso`: with Turso's
 * clients among the others; `--reader`: with one that only reads.
 */
import { parseArgs } from 'node:util'

import { planFor } from './plan.ts'
import { planWithReader } from './reader-plan.ts'
import { runPlan } from './run.ts'
import type { Failure } from './run.ts'
import { shrink } from './shrink.ts'
import { planWithTurso } from './turso/turso-plan.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string' },
    turso: { type: 'boolean', default: false },
    reader: { type: 'boolean', default: false },
    'max-failures': { type: 'string', default: '1' },
    'shrink-ms': { type: 'string', default: '20000' },
  },
})

const planOfSeed = values.turso ? planWithTurso : values.reader ? planWithReader : planFor
const flags = `${values.turso ? ' --turso' : ''}${values.reader ? ' --reader' : ''}`

function say(line: unknown): void {
  process.stdout.write(`${line instanceof Error ? (line.stack ?? line.message) : String(line)}\n`)
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`)
}

function print(failure: Failure): void {
  for (const line of failure.log) say(line.length > 600 ? `${line.slice(0, 600)}…` : line)
  const { error } = failure
  say(error)
  if (error instanceof Error && error.cause !== undefined) say(error.cause)
}

async function replay(seed: number, steps: string | undefined): Promise<boolean> {
  const kept = steps === undefined ? null : new Set(steps.split(',').map(Number))
  const failure = await runPlan(planOfSeed(seed), kept)
  if (failure === null) say(`seed ${seed}: nothing is wrong`)
  else print(failure)
  return failure === null
}

async function search(first: number, count: number, maxFailures: number): Promise<boolean> {
  const start = performance.now()
  let failures = 0
  let done = 0
  for (let seed = first; seed < first + count && failures < maxFailures; seed++) {
    const plan = planOfSeed(seed)
    const failure = await runPlan(plan)
    done += 1
    if (done % 100 === 0) complain(`${done} seeds, ${failures} failed`)
    if (failure === null) continue
    failures += 1
    const { steps, failure: shrunk } = await shrink(plan, failure, Number(values['shrink-ms']))
    print(shrunk)
    say(`\nseed ${seed} fails. Again: pnpm simulate${flags} --seed ${seed} --steps ${steps.join()}`)
    say(`As a plan: ${JSON.stringify({ ...plan, steps: steps.map((index) => plan.steps[index]) })}\n`)
  }
  const seconds = (performance.now() - start) / 1000
  say(`${done} seeds from ${first}, ${failures} failed, ${seconds.toFixed(1)} s`)
  return failures === 0
}

const isFine =
  values.seed === undefined
    ? await search(Number(values.from), Number(values.seeds), Number(values['max-failures']))
    : await replay(Number(values.seed), values.steps)
process.exitCode = isFine ? 0 : 1
