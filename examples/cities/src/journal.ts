import type { ClientProcess } from './client-process.ts'
import { formatBytes, formatRows, progress, type Check, type Step } from './report.ts'

/** What a step found out, beside its time and bytes. */
export interface StepOutcome {
  readonly rows?: number
  readonly note?: string
}

/** Runs the demo's steps, measures each, and keeps what has to hold. */
export class Journal {
  readonly steps: Step[] = []
  readonly checks: Check[] = []

  /** Runs one step. Bytes are counted where `client` is open before and after it. */
  async step(what: string, client: ClientProcess | null, run: () => Promise<StepOutcome>): Promise<void> {
    const before = await client?.call('stats')
    const begin = performance.now()
    const { rows = null, note = '' } = await run()
    const ms = performance.now() - begin
    const after = await client?.call('stats')
    const sentBytes =
      after === undefined || before === undefined ? null : after.networkSentBytes - before.networkSentBytes
    const receivedBytes =
      after === undefined || before === undefined
        ? null
        : after.networkReceivedBytes - before.networkReceivedBytes
    this.#record({ what, rows, sentBytes, receivedBytes, ms, note })
  }

  /** Notes something that must be true for the demo to have worked. */
  expect(what: string, holds: boolean): void {
    this.checks.push({ what, holds })
  }

  get allHold(): boolean {
    return this.checks.every(({ holds }) => holds)
  }

  #record(step: Step): void {
    this.steps.push(step)
    const details = [
      step.rows === null ? '' : `${formatRows(step.rows)} rows`,
      step.sentBytes === null || step.sentBytes === 0 ? '' : `${formatBytes(step.sentBytes)} sent`,
      step.receivedBytes === null || step.receivedBytes === 0
        ? ''
        : `${formatBytes(step.receivedBytes)} received`,
      step.note,
    ].filter((detail) => detail !== '')
    progress(details.length === 0 ? step.what : `${step.what}: ${details.join(', ')}`)
  }
}
