import { inTemporaryFolder } from '../machine.ts'
import { Client, SideFailure } from '../processes/client.ts'
import type { Sample } from '../processes/sample.ts'
import type { SideName } from '../sides/index.ts'
import type { Durability } from '../sides/side.ts'
import { spreadOf } from '../statistics.ts'
import type { Spread } from '../statistics.ts'
import type { Target, Work } from '../works/work.ts'
import { verdictOf } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/** What one side needed. */
export interface SideResult {
  readonly ms: Spread
  /** Medians of the rounds. */
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Means of the rounds: the kernel counts the server's in steps of 10 ms. */
  readonly clientCpuMs: number
  readonly serverCpuMs: number
  /** The highest of the rounds. */
  readonly clientPeakMb: number
  readonly serverPeakMb: number
}

/** Why a side could not do it. */
export interface SideFailed {
  readonly failed: string
}

export interface WorkResult {
  readonly name: string
  readonly durability: Durability
  readonly target: Target | null
  readonly note?: string
  readonly sides: Readonly<Record<SideName, SideResult | SideFailed>>
  /** Null where a side failed. */
  readonly verdict: Verdict | null
}

/**
 * Runs a work on both sides: the warm-ups of one, of the other, then a round here, a round there, of which
 * the first does not count. A side that fails has failed the work; both have where their rows differ.
 */
export function compareWork(work: Work, log: (line: string) => void): Promise<WorkResult> {
  return inTemporaryFolder(async (folder) => {
    const tidemark = new SideRun()
    const turso = new SideRun()
    const runs = [tidemark, turso]
    try {
      await tidemark.start('tidemark', work, folder)
      await turso.start('turso', work, folder)
      log(`${work.name}: warm-up`)
      for (const run of runs) await run.warmUp(work.warmUps)
      for (let round = 0; round < work.rounds; round++) {
        log(`${work.name}: round ${round + 1} of ${work.rounds}`)
        for (const run of round % 2 === 0 ? runs : runs.toReversed()) await run.round(work.warmUps + round)
        requireSameRows(runs, round)
      }
    } finally {
      for (const run of runs) await run.end()
    }
    return resultOf(work, tidemark.result(), turso.result())
  })
}

function resultOf(
  { name, durability, target, note }: Work,
  tidemark: SideResult | SideFailed,
  turso: SideResult | SideFailed,
): WorkResult {
  return {
    name,
    durability,
    target,
    ...(note === undefined ? {} : { note }),
    sides: { tidemark, turso },
    verdict: verdictOf(target, tidemark, turso),
  }
}

class SideRun {
  #client: Client | null = null
  failure: SideFailure | null = null
  readonly samples: Sample[] = []

  async start(side: SideName, work: Work, directory: string): Promise<void> {
    const client = new Client(side, work, directory)
    this.#client = client
    await this.#attempt(() => client.ready())
  }

  async warmUp(rounds: number): Promise<void> {
    if (this.failure === null) await this.#attempt(() => this.#client!.warmUp(rounds))
  }

  async round(round: number): Promise<void> {
    if (this.failure !== null) return
    await this.#attempt(async () => {
      this.samples.push(await this.#client!.round(round))
    })
  }

  async end(): Promise<void> {
    await this.#client?.end()
  }

  result(): SideResult | SideFailed {
    if (this.failure !== null) return { failed: this.failure.message }
    const counted = this.samples.slice(1)
    const of = (key: Exclude<keyof Sample, 'digest'>): number[] => counted.map((sample) => sample[key])
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length
    return {
      ms: spreadOf(of('ms')),
      sentBytes: spreadOf(of('sentBytes')).median,
      receivedBytes: spreadOf(of('receivedBytes')).median,
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
