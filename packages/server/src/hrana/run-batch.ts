import type { HranaBatch } from '@tidemark/protocol'
import type { Caller } from '../worker/worker-calls.ts'
import { isMet } from './conditions.ts'
import type { StepOutcome } from './conditions.ts'
import type { HranaStream } from './hrana-stream.ts'
import { isTursoPush } from './push-batch.ts'
import { runPush } from './run-push.ts'
import type { RowSink, StatementEffect } from './run-statement.ts'
import type { StatementGuard } from './statement-guard.ts'
import { TimeSlice } from './time-slice.ts'

export interface BatchSink {
  /** Takes the rows of a step that is about to run. */
  begin(step: number): RowSink
  end(step: number, effect: StatementEffect): Promise<void> | void
  fail(step: number, error: unknown): Promise<void> | void
}

/**
 * Runs the steps whose conditions are met, in order; a step that fails does not stop the batch, unless it is a push.
 */
export async function runBatch(
  stream: HranaStream,
  batch: HranaBatch,
  sink: BatchSink,
  caller: Caller,
  guard: StatementGuard,
): Promise<void> {
  const textOf = (step: number): string => stream.textOf(batch.steps[step]!.stmt)
  if (isTursoPush(batch, textOf)) {
    await runPush(stream.pushTarget, batch, textOf, sink, caller, guard, stream.isAutocommit)
    return
  }
  const outcomes: StepOutcome[] = []
  const slice = new TimeSlice()
  for (const [step, { condition, stmt }] of batch.steps.entries()) {
    if (guard.signal.aborted) return
    if (condition !== null && !isMet(condition, outcomes, () => stream.isAutocommit)) {
      outcomes.push('skipped')
      continue
    }
    try {
      const effect = await stream.execute(stmt, sink.begin(step), caller, guard)
      outcomes.push('ok')
      await sink.end(step, effect)
    } catch (error) {
      outcomes.push('error')
      await sink.fail(step, error)
    }
    await slice.giveWay()
  }
}
