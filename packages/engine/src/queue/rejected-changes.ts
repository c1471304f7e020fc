import type Database from 'better-sqlite3'
import type { CapturedChange } from '../capture/captured-change.ts'
import { decodeCaptured, encodeCaptured } from '../capture/captured-codec.ts'
import { hasTable } from '../sql/has-table.ts'
import type { Reason } from './reason.ts'

/** Changes that left the queue together because the server refuses one of them. */
export interface RejectedEntry extends Reason {
  /** The id of the change that was refused. */
  readonly id: number
  /** When, in milliseconds since the epoch. */
  readonly timeMs: number
  /** In the order in which they were made: the refused one, those of its transaction, and later ones that need them. */
  readonly changes: readonly CapturedChange[]
}

/** One row of `tidemark_rejected`. */
export interface RejectedRow {
  readonly changeId: number
  readonly entry: number
  readonly rejectedMs: number
  readonly sqliteCode: string
  readonly message: string
  /** As `encodeCaptured` writes it. */
  readonly change: Uint8Array
}

const select = `SELECT change_id AS changeId, entry, rejected_ms AS rejectedMs, sqlite_code AS sqliteCode, message, change FROM tidemark_rejected`

/** All of them, oldest entry first. */
export function* rejectedRows(db: Database.Database): Generator<RejectedRow> {
  if (!hasTable(db, 'tidemark_rejected')) return
  const next = db.prepare<[number, number], RejectedRow>(
    `${select} WHERE (entry, change_id) > (?, ?) ORDER BY entry, change_id LIMIT 1`,
  )
  for (let row = next.get(-1, -1); row !== undefined; row = next.get(row.entry, row.changeId)) yield row
}

export function putRejected(db: Database.Database, row: RejectedRow): void {
  db.prepare(
    'INSERT OR REPLACE INTO tidemark_rejected(change_id, entry, rejected_ms, sqlite_code, message, change) VALUES (?, ?, ?, ?, ?, ?)',
  ).run(
    BigInt(row.changeId),
    BigInt(row.entry),
    BigInt(row.rejectedMs),
    row.sqliteCode,
    row.message,
    row.change,
  )
}

/** What was set aside, oldest first. */
export function rejectedEntries(db: Database.Database): RejectedEntry[] {
  const groups = Map.groupBy(rejectedRows(db), ({ entry }) => entry)
  return [...groups.values()].map((rows) => {
    const { entry, rejectedMs, sqliteCode, message } = rows[0]!
    const changes = rows.map((row) => decodeCaptured(row.change))
    return { id: entry, timeMs: rejectedMs, sqliteCode, message, changes }
  })
}

/** How many entries there are. */
export function rejectedCount(db: Database.Database): number {
  if (!hasTable(db, 'tidemark_rejected')) return 0
  return db.prepare<[], number>('SELECT count(DISTINCT entry) FROM tidemark_rejected').pluck().get()!
}

/** Drops an entry, for good. Returns how many changes it had. */
export function deleteRejected(db: Database.Database, id: number): number {
  if (!hasTable(db, 'tidemark_rejected')) return 0
  return db.prepare('DELETE FROM tidemark_rejected WHERE entry = ?').run(BigInt(id)).changes
}

/*
 * A row as a record of `<db>-replay`, beside the pending changes' own, which begin with a small number:
 *
 * | bytes | meaning |
 * | --- | --- |
 * | 1 | 255 |
 * | 4 | length of the JSON, little-endian |
 * | JSON | the row without its change |
 * | rest | the change |
 */
const MARK = 255
const HEAD = 5

export function encodeRejected({ change, ...reason }: RejectedRow): Uint8Array {
  const json = Buffer.from(JSON.stringify(reason))
  const head = Buffer.alloc(HEAD)
  head.writeUInt8(MARK, 0)
  head.writeUInt32LE(json.byteLength, 1)
  return Buffer.concat([head, json, change])
}

/** Null: the record is a pending change. */
export function decodeRejected(record: Uint8Array): RejectedRow | null {
  if (record[0] !== MARK) return null
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength)
  const end = HEAD + bytes.readUInt32LE(1)
  const reason = JSON.parse(bytes.toString('utf8', HEAD, end)) as Omit<RejectedRow, 'change'>
  return { ...reason, change: bytes.subarray(end) }
}

/** The row that a change becomes when it leaves the queue. */
export function rejectedRow(
  change: CapturedChange,
  rejection: Reason & { readonly changeId: number; readonly timeMs: number },
): RejectedRow {
  return {
    changeId: change.changeId,
    entry: rejection.changeId,
    rejectedMs: rejection.timeMs,
    sqliteCode: rejection.sqliteCode,
    message: rejection.message,
    change: encodeCaptured(change),
  }
}
