import { applyPush } from '@tidemark/engine'
import { BusyError, encodePushResponse } from '@tidemark/protocol'
import type { PushResponse } from '@tidemark/protocol'
import type { PushBody } from './push-body.ts'
import type { PushTarget } from './push-target.ts'

export interface PushGuard {
  run<T>(allowanceMs: number, statement: () => T): T
  readonly signal: AbortSignal
}

/**
 * `POST /push-changes`: applies the whole body in one transaction, or nothing of it (I5). It is answered when the history has the commit.
 *
 * The body is decoded once, while it is applied: what is found to be wrong with it rolls the transaction back (I8).
 *
 * @param party who pushes, for fairness among writers
 * @returns an encoded push response
 * @throws ProtocolError, LimitError for a body that is not a push; nothing is applied then
 */
export async function receivePush(
  target: PushTarget,
  body: PushBody,
  party: string,
  guard: PushGuard,
): Promise<Uint8Array> {
  const { database, settings } = target
  const header = body.header()
  if (header.walPages > settings.maxWalPages) {
    await body.validate()
    return encodePushResponse({ type: 'checkpoint-needed', maxWalPages: settings.maxWalPages })
  }
  try {
    const response = await inTurn()
    // Something of it may not have been read.
    if (response.type !== 'ok') await body.validate()
    return encodePushResponse(response)
  } catch (error) {
    if (!(error instanceof BusyError)) throw error
    return encodePushResponse({ type: 'busy', retryAfterMs: error.retryAfterMs ?? 1000 })
  }

  async function inTurn(): Promise<PushResponse> {
    const turn = await database.takeTurn(party, settings.turnWaitMs, guard.signal)
    try {
      return apply()
    } finally {
      turn.release()
    }
  }

  function apply(): PushResponse {
    const outcome = guard.run(settings.applyTimeoutMs, () =>
      applyPush(target.applyConnection, { header, changes: () => body.changes() }),
    )
    database.recordCommits()
    if (outcome.type === 'ok') target.recent.keep(target.databaseId, header, body)
    if (outcome.type === 'ok' || outcome.type === 'already-applied')
      return { ...outcome, revision: database.revision }
    return outcome
  }
}
