import { StateError } from '@tidemark/protocol'

/**
 * The history contradicts itself. The database's rows are in its main file and are not affected; revisions
 * given out so far are void.
 */
export function historyDamaged(message: string, cause?: unknown): StateError {
  return new StateError('TIDEMARK_HISTORY_DAMAGED', message, { recovery: 'retry', cause })
}
