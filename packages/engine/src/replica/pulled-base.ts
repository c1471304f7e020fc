import { PAGE_SIZE } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

import { hasTable } from '../sql/has-table.ts'
import { prepared } from '../sql/prepared.ts'
import { loadInfo } from './info.ts'
import type { PageOnePatch, ReplicaInfo, Watermark } from './info.ts'
import { replicaPaths } from './paths.ts'

/** The pull that brought the base: what `-info` has of it too, once that is saved. */
export interface PulledBase {
  readonly replayId: string
  readonly revision: string
  readonly sizeInPages: number
  readonly watermark: Watermark
  readonly pageOne: PageOnePatch | null
  /** Seconds since the epoch. */
  readonly lastPullUnixTime: number | null
}

const LEAF_PAGE = 13
const PAGE_HEADER_SIZE = 8
/** A record's header of three bytes or more: its own length, NULL for the rowid's alias, the type of the blob. */
const NULL_TYPE = 0
const FIRST_BLOB_TYPE = 12

/** The pull that the database says it has; null before the first. */
export function readPulledBase(db: Pick<Database.Database, 'prepare'>): PulledBase | null {
  const state = readState(db)
  return state === undefined ? null : (JSON.parse(Buffer.from(state).toString()) as PulledBase)
}

/**
 * Undefined where there is no row, or no table: each pull asks, and nearly always there is one. Another
 * process may be making it in that moment.
 */
function readState(db: Pick<Database.Database, 'prepare'>): Uint8Array | undefined {
  const read = (): Uint8Array | undefined =>
    prepared<[], Uint8Array>(db, 'SELECT state FROM tidemark_base').pluck().get()
  try {
    return read()
  } catch {
    return hasTable(db, 'tidemark_base') ? read() : undefined
  }
}

/** Records `base` in the caller's transaction. */
export function writePulledBase(db: Database.Database, base: PulledBase): void {
  db.prepare('INSERT OR REPLACE INTO tidemark_base (id, state) VALUES (1, ?)').run(encode(base))
}

/**
 * The page of `tidemark_base` with `base` in it, as {@link writePulledBase} has SQLite write it: a leaf with
 * one cell, at the page's end (https://www.sqlite.org/fileformat2.html, section 1.6).
 */
export function pulledBasePage(base: PulledBase): Uint8Array {
  const state = encode(base)
  const types = [NULL_TYPE, ...varint(FIRST_BLOB_TYPE + 2 * state.byteLength)]
  const record = Buffer.concat([Uint8Array.of(1 + types.length, ...types), state])
  const cell = Buffer.concat([Uint8Array.from([...varint(record.byteLength), 1]), record])
  const page = Buffer.alloc(PAGE_SIZE)
  const start = PAGE_SIZE - cell.byteLength
  page.writeUInt8(LEAF_PAGE, 0)
  page.writeUInt16BE(1, 3)
  page.writeUInt16BE(start, 5)
  page.writeUInt16BE(start, PAGE_HEADER_SIZE)
  page.set(cell, start)
  return page
}

/**
 * The sync state of the replica at `path`, which `db` reads: `-info` with what the database says of its base.
 * A pull need not save `-info`: until that is saved, the base that it names is still there, below the pulled
 * one. Where a crash takes the pull, it takes what the database says of it too.
 *
 * @throws StateError as `loadInfo`
 */
export function readSyncState(path: string, db: Pick<Database.Database, 'prepare'>): ReplicaInfo {
  return withPulledBase(loadInfo(replicaPaths(path).info), readPulledBase(db))
}

/** The sync state after `pulled`; unchanged where it has that already. */
export function withPulledBase(info: ReplicaInfo, pulled: PulledBase | null): ReplicaInfo {
  if (pulled === null || pulled.replayId === info.replayId) return info
  const { watermark, pageOne, ...rest } = pulled
  if (info.base === null) return { ...info, ...rest }
  return { ...info, ...rest, base: { ...info.base, watermark, backfilled: false, revert: null, pageOne } }
}

function encode(base: PulledBase): Buffer {
  return Buffer.from(JSON.stringify(base))
}

/** SQLite's variable-length integers: seven bits a byte, the highest first. Below 2^14 here. */
function varint(value: number): number[] {
  return value < 128 ? [value] : [128 | (value >> 7), value & 127]
}
