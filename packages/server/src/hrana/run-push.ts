import type { HranaBatch } from '@tidemark/protocol'
import type { PushTarget } from '../push/push-target.ts'
import type { Caller } from '../worker/worker-calls.ts'
import { PushTransaction } from './push-transaction.ts'
import type { StepResult } from './push-transaction.ts'
import type { BatchSink } from './run-batch.ts'
import { recordCommits } from './record-commits.ts'
import { SqlRefusedError } from './sql-error.ts'
import type { StatementGuard } from './statement-guard.ts'

/**
 * Runs the batch of a Turso client's push as what it is: one transaction of changes that have had their
 * effects already, on the client. So no trigger fires and no foreign key acts, as for a push of the Tidemark
 * dialect.
 *
 * Such clients guard each step with `not(is_autocommit)` alone, so that a step that fails would stop neither
 * those after it nor the COMMIT. Here the first failure undoes the transaction and leaves out the rest (I5).
 *
 * @param isIdle whether the client's stream has no transaction open
 */
export async function runPush(
  target: PushTarget,
  batch: HranaBatch,
  textOf: (step: number) => string,
  sink: BatchSink,
  caller: Caller,
  guard: StatementGuard,
  isIdle: boolean,
): Promise<void> {
  let results: readonly StepResult[]
  try {
    if (caller.access === 'read') throw new SqlRefusedError('FORBIDDEN', 'The token allows reading only')
    if (!isIdle) throw new SqlRefusedError('SQL_NOT_ALLOWED', 'A push cannot run inside another transaction')
    results = await apply()
  } catch (error) {
    sink.begin(0)
    await sink.fail(0, error)
    return
  }
  for (const [step, result] of results.entries()) {
    if (result === 'skipped') continue
    sink.begin(step).columns([])
    if ('effect' in result) await sink.end(step, result.effect)
    else await sink.fail(step, result.error)
  }

  async function apply(): Promise<readonly StepResult[]> {
    const { database, settings } = target
    const turn = await database.takeTurn(caller.party, settings.turnWaitMs, guard.signal)
    try {
      guard.begin()
      const applied = guard.run(settings.applyTimeoutMs, () =>
        new PushTransaction(target, batch, textOf).run(),
      )
      recordCommits(database)
      return applied
    } finally {
      turn.release()
    }
  }
}
