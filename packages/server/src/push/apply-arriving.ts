import { OpenPush } from '@tidemark/engine/server-side'
import type { PushOutcome } from '@tidemark/engine/server-side'
import type { PushHeader } from '@tidemark/protocol'
import type { PushBody } from './push-body.ts'
import type { PushTarget } from './push-target.ts'
import type { PushGuard } from './receive-push.ts'

/** Of a body that is still arriving: what comes of so much is worth a sync of its own. */
const BYTES_PER_FLUSH = 4 * 1024 * 1024

/**
 * Applies a body as it arrives, in one transaction that is committed when all of it has been read and
 * checked. The caller holds the turn.
 *
 * @returns null when the rest takes too long to arrive: everything is undone, and others can have the turn meanwhile
 * @throws ProtocolError, LimitError for a body that is not a push; BusyError when the rest of it will not
 * come. Nothing is applied then
 */
export async function applyArriving(
  target: PushTarget,
  header: PushHeader,
  body: PushBody,
  guard: PushGuard,
): Promise<PushOutcome | null> {
  const { applyConnection, database, settings } = target
  let waitMs = settings.arrivalWaitMs
  let applyMs = settings.applyTimeoutMs
  let flushedAt = 0
  const arrived = body.reader()
  const isStale = header.baseRevision !== database.revision
  const push = run(() => new OpenPush(applyConnection, header, { isStale }))
  try {
    while (!body.isWhole) {
      run(() => push.apply(arrived()))
      if (push.isDecided) break
      if (body.length - flushedAt >= BYTES_PER_FLUSH) {
        flushedAt = body.length
        database.flushAhead()
      }
      const start = performance.now()
      if (!(await body.grows(waitMs, guard.signal))) return null
      waitMs = Math.max(waitMs - (performance.now() - start), 0)
      database.assertOpen()
    }
    return run(() => push.finish(arrived(), () => body.changes()))
  } finally {
    push.close()
  }

  function run<T>(step: () => T): T {
    const start = performance.now()
    try {
      return guard.run(applyMs, step)
    } finally {
      applyMs = Math.max(applyMs - (performance.now() - start), 0)
    }
  }
}
