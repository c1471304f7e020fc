import { StateError } from '@tidemark/protocol'

import { captureForeignSchema, isForeignCaptured } from '../capture/foreign-schema.ts'
import { isOutOfOrder } from '../capture/late-triggers.ts'
import { wholeBase } from './base-pages.ts'
import { closeCaptureGap } from './close-capture-gap.ts'
import type { ReplicaSession } from './session.ts'

/**
 * Captures what other programs have changed in the schema, before the queue is read. Where triggers of theirs
 * have put captured changes out of order, these are captured once more, as the difference from the base.
 *
 * @throws BusyError when somebody is writing; StateError `TIDEMARK_BASE_LOST` when the base must be fetched
 * for that, by a pull
 */
export function captureForeign(session: ReplicaSession): void {
  const { db } = session.work
  if (!isForeignCaptured(db))
    session.inWriteTransaction('looking for schema changes of other programs', captureForeignSchema)
  if (!isOutOfOrder(db)) return
  if (session.base.watermark === null) {
    throw new StateError(
      'TIDEMARK_BASE_LOST',
      'Another program has created triggers and checkpointed the file: which changes they have made cannot be told without the base; pull first',
      { recovery: 'pull' },
    )
  }
  // A base that is only assumed has everything: nothing would differ from it.
  if (!session.base.isAssumed) closeCaptureGap(session, wholeBase(session))
}
