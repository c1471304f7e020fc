import type { ConflictRow, RowidMapping } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { acknowledgedChangeId, pushRecord } from '../apply/push-record.ts'

/** What a replica knows of its own pushes. */
export interface PushMemory {
  readonly clientId: string
  readonly previousClientId: string | null
  readonly pushId: string | null
  readonly attemptedPushId: string | null
  readonly lastPushedChangeId: number
}

/** What a base has of a replica's changes. */
export interface Acknowledgement {
  /** Changes up to this id are in the base. */
  readonly changeId: number
  /** False: that is less than the replica was told, or than the server counts under its name. */
  readonly isOurs: boolean
  /** Changes up to this id may have been pushed by a copy of the replica, if they were made before it was copied. */
  readonly sharedThroughId: number
  /** Where the rows without keys went that were pushed under its name since the last pull but one. */
  readonly rowids: readonly RowidMapping[]
  /** What its last push has overwritten, if the replica does not know yet that the base has that push. */
  readonly overwritten: readonly ConflictRow[]
}

/**
 * Reads from a base what it has of the replica's changes.
 *
 * The base names the last push under the replica's name. Where that is not one of its own, the name is shared
 * with a copy of its files, or the server has gone back to an older state: then what the base counts may be
 * the copy's changes, and only those that the replica itself knows to be acknowledged are taken for its own.
 */
export function acknowledgement(db: Database.Database, memory: PushMemory): Acknowledgement {
  const { clientId, previousClientId, pushId, attemptedPushId, lastPushedChangeId } = memory
  const record = pushRecord(db, clientId)
  const acknowledged = acknowledgedChangeId(db, clientId)
  const lastPush = record === null ? null : Buffer.from(record.pushId).toString('hex')
  const isOurs = record === null ? acknowledged > 0 : lastPush === pushId || lastPush === attemptedPushId
  if (isOurs) {
    const overwritten = acknowledged > lastPushedChangeId ? (record?.overwritten.rows ?? []) : []
    return { changeId: acknowledged, isOurs, sharedThroughId: 0, rowids: record?.rowids ?? [], overwritten }
  }
  const sharedName = record === null ? previousClientId : clientId
  const counted = sharedName === null ? 0 : acknowledgedChangeId(db, sharedName)
  const rowids = sharedName === null ? [] : (pushRecord(db, sharedName)?.rowids ?? [])
  const changeId = Math.min(lastPushedChangeId, counted)
  return { changeId, isOurs, sharedThroughId: counted, rowids, overwritten: [] }
}
