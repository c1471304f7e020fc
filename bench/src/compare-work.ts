import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, SideFailure } from './processes/client.ts'
import type { Sample } from './processes/sample.ts'
import type { SideName } from './sides/index.ts'
import { median } from './statistics.ts'
import type { Work } from './works/work.ts'

const SIDES: readonly SideName[] = ['tidemark', 'turso']

/** What one side needed; times and bytes are medians of the rounds. */
export interface SideResult {
  readonly ms: number
  readonly fastestMs: number
  readonly slowestMs: number
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Means of the rounds: the kernel counts the server's in steps of 10 ms. */
  readonly clientCpuMs: number
  readonly serverCpuMs: number
  /** The highest of the rounds. */
  readonly clientPeakMb: number
  readonly serverPeakMb: number
}

export interface WorkResult {
  readonly work: Work
  readonly sides: Readonly<Record<SideName, SideResult | SideFailure>>
}

/**
 * Runs a work on both sides, a round here, a round there. The first round warms up and does not count where there are several. A side
 * that fails, or whose rows differ from the other's, has failed the work.
 */
export async function compareWork(work: Work, log: (line: string) => void): Promise<WorkResult> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const runs = new Map<SideName, SideRun>()
  try {
    for (const side of SIDES) runs.set(side, await SideRun.start(side, work, directory))
    for (let round = 0; round < work.rounds; round++) {
      const order = round % 2 === 0 ? SIDES : SIDES.toReversed()
      for (const side of order) await runs.get(side)!.round(round)
      requireSameRows([...runs.values()], round)
      log(`${work.name}: round ${round + 1} of ${work.rounds}`)
    }
  } finally {
    for (const run of runs.values()) await run.end()
    rmSync(directory, { recursive: true, force: true })
  }
  return { work, sides: { tidemark: runs.get('tidemark')!.result(), turso: runs.get('turso')!.result() } }
}

class SideRun {
  #client: Client | null = null
  failure: SideFailure | null = null
  readonly samples: Sample[] = []

  static async start(side: SideName, work: Work, directory: string): Promise<SideRun> {
    const run = new SideRun()
    await run.#attempt(async () => {
      run.#client = await Client.start(side, work, directory)
    })
    return run
  }

  async round(round: number): Promise<void> {
    const client = this.#client
    if (client === null || this.failure !== null) return
    await this.#attempt(async () => {
      this.samples.push(await client.round(round))
    })
  }

  async end(): Promise<void> {
    if (this.failure === null) await this.#client?.end()
  }

  result(): SideResult | SideFailure {
    if (this.failure !== null) return this.failure
    const counted = this.samples.length > 1 ? this.samples.slice(1) : this.samples
    const of = (key: Exclude<keyof Sample, 'digest'>): number[] => counted.map((sample) => sample[key])
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length
    return {
      ms: median(of('ms')),
      fastestMs: Math.min(...of('ms')),
      slowestMs: Math.max(...of('ms')),
      sentBytes: median(of('sentBytes')),
      receivedBytes: median(of('receivedBytes')),
      clientCpuMs: mean(of('clientCpuMs')),
      serverCpuMs: mean(of('serverCpuMs')),
      clientPeakMb: Math.max(...of('clientPeakMb')),
      serverPeakMb: Math.max(...of('serverPeakMb')),
    }
  }

  async #attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (!(error instanceof SideFailure)) throw error
      this.failure = error
    }
  }
}

function requireSameRows(runs: readonly SideRun[], round: number): void {
  const digests = runs.flatMap(({ samples }) => samples[round]?.digest ?? [])
  if (new Set(digests).size <= 1) return
  for (const run of runs) run.failure = new SideFailure('the rows differ between the sides')
}
