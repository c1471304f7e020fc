import type { ClientProcess } from './client-process.ts'
import { describeStep, progress, type Check, type Step } from './report.ts'

/** What a step found out, beside its time. */
export type StepOutcome = Partial<Omit<Step, 'what' | 'ms'>>

/** Runs the demo's steps, measures each, and keeps what has to hold. */
export class Journal {
  readonly steps: Step[] = []
  readonly checks: Check[] = []

  /** Runs a step. */
  async step(what: string, run: () => Promise<StepOutcome>): Promise<void> {
    const begin = performance.now()
    const outcome = await run()
    const ms = performance.now() - begin
    const step = { what, rows: null, sentBytes: 0, receivedBytes: 0, note: '', ...outcome, ms }
    this.steps.push(step)
    progress(describeStep(step))
  }

  /** Runs a step of a client that is open, and counts its bytes. */
  async stepOf(client: ClientProcess, what: string, run: () => Promise<StepOutcome>): Promise<void> {
    const before = await client.call('stats')
    await this.step(`${client.name} ${what}`, async () => {
      const outcome = await run()
      const after = await client.call('stats')
      return {
        sentBytes: after.networkSentBytes - before.networkSentBytes,
        receivedBytes: after.networkReceivedBytes - before.networkReceivedBytes,
        ...outcome,
      }
    })
  }

  expect(what: string, holds: boolean): void {
    this.checks.push({ what, holds })
  }

  get allHold(): boolean {
    return this.checks.every(({ holds }) => holds)
  }
}
