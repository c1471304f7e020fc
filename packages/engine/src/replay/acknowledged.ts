import type { RowidMapping } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { pushRecord } from '../apply/push-record.ts'

export { acknowledgedChangeId } from '../apply/push-record.ts'

/** Where the rows without keys went that `clientId` has pushed since its last pull but one, as the base tells. */
export function acknowledgedRowids(db: Database.Database, clientId: string): readonly RowidMapping[] {
  return pushRecord(db, clientId)?.rowids ?? []
}
