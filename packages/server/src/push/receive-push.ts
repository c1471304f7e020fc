import { applyPush } from '@tidemark/engine/server-side'
import type { PushOutcome } from '@tidemark/engine/server-side'
import { BusyError, encodePushResponse } from '@tidemark/protocol'
import type { PushResponse } from '@tidemark/protocol'
import { explainFailedWrite, isDiskFailure } from '../disk-failure.ts'
import { applyArriving } from './apply-arriving.ts'
import type { PushBody } from './push-body.ts'
import type { PushTarget } from './push-target.ts'

export interface PushGuard {
  run<T>(allowanceMs: number, statement: () => T): T
  readonly signal: AbortSignal
}

/**
 * `POST /push-changes`: applies the whole body in one transaction, or nothing of it (I5). It is answered when
 * the history has the commit.
 *
 * A body that is still arriving is applied as it comes, where nobody else writes; else when it is whole.
 * Either way it is decoded once, while it is applied: what is found to be wrong with it rolls the transaction
 * back (I8).
 *
 * @param party who pushes, for fairness among writers
 * @returns an encoded push response
 * @throws ProtocolError, LimitError for a body that is not a push; BusyError when the rest of it will not
 * come. Nothing is applied then. BusyError also where the disk is full or fails: what was applied all the same
 * is recognised when it comes again (I3). SqliteError `SQLITE_FULL` where the database has reached its largest size
 */
export async function receivePush(
  target: PushTarget,
  body: PushBody,
  party: string,
  guard: PushGuard,
): Promise<Uint8Array> {
  const { database, settings } = target
  const header = await body.header(guard.signal)
  if (header.walPages > settings.maxWalPages) {
    await body.validate(guard.signal)
    return encodePushResponse({ type: 'checkpoint-needed', maxWalPages: settings.maxWalPages })
  }
  const response = (await whileItArrives()) ?? (await whenWhole())
  // Nobody is answered who is still sending; and something of the body may not have been read.
  if (response.type === 'busy') await body.whole(guard.signal)
  else if (response.type !== 'ok') await body.validate(guard.signal)
  return encodePushResponse(response)

  async function whileItArrives(): Promise<PushResponse | null> {
    if (body.isWhole || database.turns.isHeld) return null
    return inTurn(async () => {
      const outcome = await applyArriving(target, header, body, guard)
      return outcome === null ? null : record(outcome)
    })
  }

  async function whenWhole(): Promise<PushResponse> {
    await body.whole(guard.signal)
    return inTurn(() =>
      record(
        guard.run(settings.applyTimeoutMs, () =>
          applyPush(target.applyConnection, {
            header,
            changes: () => body.changes(),
            isStale: header.baseRevision !== database.revision,
          }),
        ),
      ),
    )
  }

  async function inTurn<T>(apply: () => Promise<T> | T): Promise<T | PushResponse> {
    try {
      const turn = await database.takeTurn(party, settings.turnWaitMs, guard.signal)
      try {
        return await apply()
      } finally {
        turn.release()
      }
    } catch (error) {
      if (!(error instanceof BusyError)) throw explainFailedWrite(error, database.directory)
      if (isDiskFailure(error)) throw error
      return { type: 'busy', retryAfterMs: error.retryAfterMs ?? 1000 }
    }
  }

  function record(outcome: PushOutcome): PushResponse {
    if (outcome.type === 'ok') {
      target.recent.keep(target.databaseId, header, body)
      return { ...outcome, revision: database.acknowledgeCommit() }
    }
    database.recordCommits()
    return outcome.type === 'already-applied' ? { ...outcome, revision: database.revision } : outcome
  }
}
