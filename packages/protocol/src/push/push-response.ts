import { tidemark } from '#messages'
import { decodeValues, encodeValues } from '../columns/value-codec.ts'
import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { checkIdentifier } from '../messages/check-identifier.ts'
import { decodeMessage, messageFields } from '../messages/decode-message.ts'
import { encodeMessage } from '../messages/encode-message.ts'
import { fromWireInteger, toWireInteger } from '../messages/wire-integer.ts'
import type { SqlValue } from '../value.ts'
import { conflictRowFromMessage, conflictRowToMessage } from './conflict-row.ts'
import type { ConflictRow } from './conflict-row.ts'
import { decodeRowidMap, encodeRowidMap } from './rowid-map.ts'
import type { RowidMapping } from './rowid-map.ts'

/** UTF-16 units of SQLite's message that are sent. */
const LONGEST_MESSAGE = 16_384

/** What a batch has done that is applied. */
export interface AppliedBatch {
  readonly revision: string
  readonly lastChangeId: number
  /** Rows as they were before it; not all of them where there are many or they are large. */
  readonly overwritten: readonly ConflictRow[]
  /** Counts all of them. */
  readonly overwrittenCount: number
  readonly rowids: readonly RowidMapping[]
}

/** The server's answer to a push. */
export type PushResponse =
  | ({ readonly type: 'ok' } & AppliedBatch)
  /** This very batch had been applied before, and the answer that said so may have been lost. */
  | ({ readonly type: 'already-applied' } & AppliedBatch)
  /**
   * Nothing was applied: pull, resolve, push again. `rowCount` counts all conflicting rows; 0: a table would
   * be dropped of which the client may not have seen all rows.
   */
  | { readonly type: 'conflict'; readonly rows: readonly ConflictRow[]; readonly rowCount: number }
  /**
   * Nothing was applied, and the same batch never will be: SQLite refused this change. A key above 1 MiB is left out.
   */
  | {
      readonly type: 'rejected'
      readonly changeId: number
      readonly table: string
      readonly key: readonly SqlValue[]
      readonly sqliteCode: string
      readonly message: string
    }
  /** Nothing was applied: the client's WAL has more than `maxWalPages` frames. */
  | { readonly type: 'checkpoint-needed'; readonly maxWalPages: number }
  | { readonly type: 'busy'; readonly retryAfterMs: number }
  /** Nothing was applied: another copy of the client's files has pushed. */
  | { readonly type: 'forked' }

/**
 * Conflict rows beyond `PROTOCOL_LIMITS.pushResponseRows` and `pushResponseRowBytes` are left out; the counts are kept.
 */
export function encodePushResponse(response: PushResponse): Uint8Array {
  return encodeMessage(tidemark.PushResponse, toMessage(response))
}

function toMessage(response: PushResponse): tidemark.PushResponse.$Properties {
  switch (response.type) {
    case 'ok':
      return { ok: appliedToMessage(response) }
    case 'conflict':
      return { conflict: { rows: rowsToMessages(response.rows), rowCount: toWireInteger(response.rowCount) } }
    case 'rejected':
      return { rejected: rejectedToMessage(response) }
    case 'checkpoint-needed':
      return { checkpointNeeded: { maxWalPages: toWireInteger(response.maxWalPages) } }
    case 'busy':
      return { busy: { retryAfterMs: response.retryAfterMs } }
    case 'forked':
      return { forked: {} }
    case 'already-applied':
      return { alreadyApplied: appliedToMessage(response) }
  }
}

function appliedToMessage(
  response: AppliedBatch,
): tidemark.PushOk.$Properties & tidemark.PushAlreadyApplied.$Properties {
  return {
    revision: response.revision,
    lastChangeId: toWireInteger(response.lastChangeId),
    rowids: encodeRowidMap(response.rowids),
    overwritten: rowsToMessages(response.overwritten),
    overwrittenCount: toWireInteger(response.overwrittenCount),
  }
}

function rejectedToMessage(
  response: PushResponse & { readonly type: 'rejected' },
): tidemark.PushRejected.$Properties {
  const key = encodeValues(response.key)
  return {
    changeId: toWireInteger(response.changeId),
    table: response.table,
    key: key.byteLength > PROTOCOL_LIMITS.pushResponseRowBytes ? null : key,
    sqliteCode: response.sqliteCode,
    message: response.message.slice(0, LONGEST_MESSAGE),
  }
}

function rowsToMessages(rows: readonly ConflictRow[]): tidemark.ConflictRow.$Properties[] {
  const messages: tidemark.ConflictRow.$Properties[] = []
  let bytes = 0
  for (const row of rows) {
    const message = conflictRowToMessage(row)
    bytes += encodeMessage(tidemark.ConflictRow, message).byteLength
    if (
      messages.length === PROTOCOL_LIMITS.pushResponseRows ||
      bytes > PROTOCOL_LIMITS.pushResponseRowBytes
    ) {
      break
    }
    messages.push(message)
  }
  return messages
}

/** @throws ProtocolError, LimitError if the body is not a push response */
export function decodePushResponse(body: Uint8Array): PushResponse {
  if (body.byteLength > PROTOCOL_LIMITS.pushResponseBytes) {
    throw new LimitError(`push response of ${body.byteLength} bytes`)
  }
  checkRows(body)
  const message = decodeMessage(tidemark.PushResponse, body, 'push response', 1)
  if (isPresent(message.ok)) return { type: 'ok', ...fromApplied(new tidemark.PushOk(message.ok)) }
  if (isPresent(message.conflict)) return fromConflict(new tidemark.PushConflict(message.conflict))
  if (isPresent(message.rejected)) return fromRejected(new tidemark.PushRejected(message.rejected))
  if (isPresent(message.checkpointNeeded)) {
    const { maxWalPages } = new tidemark.PushCheckpointNeeded(message.checkpointNeeded)
    return { type: 'checkpoint-needed', maxWalPages: fromWireInteger(maxWalPages, 'WAL pages') }
  }
  if (isPresent(message.busy)) {
    return { type: 'busy', retryAfterMs: new tidemark.PushBusy(message.busy).retryAfterMs }
  }
  if (isPresent(message.forked)) return { type: 'forked' }
  if (isPresent(message.alreadyApplied)) {
    const applied = new tidemark.PushAlreadyApplied(message.alreadyApplied)
    return { type: 'already-applied', ...fromApplied(applied) }
  }
  throw new ProtocolError('push response without a known result', { recovery: 'upgrade' })
}

function isPresent<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}

/** Rows take far more memory decoded than encoded: count them first. All other fields are few or plain bytes. */
function checkRows(body: Uint8Array): void {
  const maxRows = PROTOCOL_LIMITS.pushResponseRows
  const maxRowBytes = PROTOCOL_LIMITS.pushResponseRowBytes
  for (const result of messageFields(body, 'push response', 1)) {
    for (const field of messageFields(result.payload, 'push result', maxRows + 8)) {
      if (field.payload.byteLength > maxRowBytes && !isRowidMap(result.number, field.number)) {
        throw new LimitError(`push response with a field of ${field.payload.byteLength} bytes`)
      }
    }
  }
}

function isRowidMap(resultField: number, field: number): boolean {
  return (resultField === 1 && field === 5) || (resultField === 7 && field === 3)
}

function fromApplied(applied: tidemark.PushOk | tidemark.PushAlreadyApplied): AppliedBatch {
  return {
    revision: checkIdentifier(applied.revision, 'revision'),
    lastChangeId: fromWireInteger(applied.lastChangeId, 'last change id'),
    rowids: decodeRowidMap(applied.rowids),
    overwritten: applied.overwritten.map(conflictRowFromMessage),
    overwrittenCount: fromWireInteger(applied.overwrittenCount, 'overwritten count'),
  }
}

function fromConflict(conflict: tidemark.PushConflict): PushResponse {
  return {
    type: 'conflict',
    rows: conflict.rows.map(conflictRowFromMessage),
    rowCount: fromWireInteger(conflict.rowCount, 'row count'),
  }
}

function fromRejected(rejected: tidemark.PushRejected): PushResponse {
  return {
    type: 'rejected',
    changeId: fromWireInteger(rejected.changeId, 'change id'),
    table: rejected.table,
    key: decodeValues(rejected.key, PROTOCOL_LIMITS.columnsPerTable),
    sqliteCode: rejected.sqliteCode,
    message: rejected.message,
  }
}
