/**
 * The history log: segments of records, all fields little-endian. Times are signed: a clock may be before 1970.
 *
 * Segment file `<position>.history` (16 hexadecimal digits), header of 64 bytes:
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 8 | "TIDEHIST" |
 * | 8 | 4 | format version, 1 |
 * | 12 | 4 | page size, 4096 |
 * | 16 | 16 | id of the database |
 * | 32 | 8 | log position of the segment's first byte; positions run on from segment to segment |
 * | 40 | 8 | time of creation, milliseconds since the epoch |
 * | 48 | 12 | 0 |
 * | 60 | 4 | CRC-32 of the 60 bytes before |
 *
 * then records, each a header of 80 bytes, a page table, and images:
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 4 | "TMHR" |
 * | 4 | 4 | kind: 1 commit, 2 base, 3 checkpoint, 4 floor, 5 epoch |
 * | 8 | 4 | number of pages |
 * | 12 | 4 | database size in pages (commit, floor) |
 * | 16 | 8 | sequence: of the commit; of the floor; for the others, of the last commit before |
 * | 24 | 8 | epoch (commit, floor, epoch) |
 * | 32 | 8 | time, milliseconds since the epoch |
 * | 40 | 8 | WAL salts (commit, checkpoint, floor) |
 * | 48 | 4 | WAL frame number at which the commit ends; 0: none |
 * | 52 | 8 | WAL checksum of that frame |
 * | 60 | 8 | log position before which segments are gone (floor) |
 * | 68 | 8 | time of the main file's last change, milliseconds since the epoch (checkpoint that was carried out); 0: not known |
 * | 76 | 4 | CRC-32 of the 76 bytes before, continued over the page table |
 * | 80 | 8 × pages | page number (4), CRC-32 of its image (4) |
 * | … | 4096 × pages | the images, in the table's order |
 *
 * A *commit* holds the pages that it changed. A *base* holds images as of the floor, saved before a
 * checkpoint overwrites them in the main file. A *checkpoint* says that everything before it is on disk and
 * that the WAL up to its frame may be gone; with a time, that nobody was to change the main file after it but
 * a server that appends another checkpoint first. A *floor* says that revisions before its sequence are gone;
 * it brings the images, as of the floor, that would go with them. A page that no commit between the floor and
 * this record changed has its image in the main file alone. An *epoch* says that commits after it, which may
 * have been lost from the log and be only in the WAL, belong to this epoch.
 */
import { crc32 } from 'node:zlib'
import { PAGE_SIZE } from '@tidemark/protocol'
import type { WalChecksum, WalSalts } from '@tidemark/protocol'
import type { Epoch } from './revision.ts'

export const SEGMENT_HEADER_SIZE = 64
export const RECORD_HEADER_SIZE = 80
export const PAGE_ENTRY_SIZE = 8
const SEGMENT_MAGIC = 'TIDEHIST'
const FORMAT_VERSION = 1
const RECORD_MAGIC = 0x52484d54
const KINDS = ['commit', 'base', 'checkpoint', 'floor', 'epoch'] as const

export type RecordKind = (typeof KINDS)[number]

/** Where in the WAL a commit ends. `frame` 0: before the first frame. */
export interface WalPosition {
  readonly salts: WalSalts
  readonly frame: number
  readonly checksum: WalChecksum
}

export interface RecordHeader {
  readonly kind: RecordKind
  readonly pageCount: number
  readonly sizeInPages: number
  readonly sequence: number
  readonly epoch: Epoch
  readonly timeMs: number
  readonly wal: WalPosition
  /** Log position before which nothing is needed; 0 but in a floor. */
  readonly keepFrom: number
  /**
   * When the main file was last changed, milliseconds since the epoch; 0 but in a checkpoint that says that
   * the one before it was carried out.
   */
  readonly mainFileMs: number
  /** As stored. */
  readonly checksum: number
}

export interface SegmentHeader {
  readonly databaseId: string
  readonly position: number
  readonly createdMs: number
}

export const recordSize = (pageCount: number): number =>
  RECORD_HEADER_SIZE + pageCount * (PAGE_ENTRY_SIZE + PAGE_SIZE)

/** Byte offset, in a record, of its image number `index`. */
export const imageOffset = (pageCount: number, index: number): number =>
  RECORD_HEADER_SIZE + pageCount * PAGE_ENTRY_SIZE + index * PAGE_SIZE

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_SIZE)
  bytes.write(SEGMENT_MAGIC, 0, 'latin1')
  bytes.writeUInt32LE(FORMAT_VERSION, 8)
  bytes.writeUInt32LE(PAGE_SIZE, 12)
  bytes.write(header.databaseId, 16, 'hex')
  bytes.writeBigUInt64LE(BigInt(header.position), 32)
  bytes.writeBigInt64LE(BigInt(header.createdMs), 40)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60)
  return bytes
}

/** Null where the bytes are not a whole header of this version with a right checksum. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | null {
  if (bytes.length < SEGMENT_HEADER_SIZE || bytes.toString('latin1', 0, 8) !== SEGMENT_MAGIC) return null
  if (bytes.readUInt32LE(60) !== crc32(bytes.subarray(0, 60))) return null
  if (bytes.readUInt32LE(8) !== FORMAT_VERSION || bytes.readUInt32LE(12) !== PAGE_SIZE) return null
  return {
    databaseId: bytes.toString('hex', 16, 32),
    position: Number(bytes.readBigUInt64LE(32)),
    createdMs: Number(bytes.readBigInt64LE(40)),
  }
}

/** The header of a record whose page table is `table`. */
export function encodeRecordHeader(header: Omit<RecordHeader, 'checksum'>, table: Buffer): Buffer {
  const bytes = Buffer.alloc(RECORD_HEADER_SIZE)
  bytes.writeUInt32LE(RECORD_MAGIC, 0)
  bytes.writeUInt32LE(KINDS.indexOf(header.kind) + 1, 4)
  bytes.writeUInt32LE(header.pageCount, 8)
  bytes.writeUInt32LE(header.sizeInPages, 12)
  bytes.writeBigUInt64LE(BigInt(header.sequence), 16)
  bytes.write(header.epoch, 24, 'hex')
  bytes.writeBigInt64LE(BigInt(header.timeMs), 32)
  bytes.writeUInt32LE(header.wal.salts[0], 40)
  bytes.writeUInt32LE(header.wal.salts[1], 44)
  bytes.writeUInt32LE(header.wal.frame, 48)
  bytes.writeUInt32LE(header.wal.checksum[0], 52)
  bytes.writeUInt32LE(header.wal.checksum[1], 56)
  bytes.writeBigUInt64LE(BigInt(header.keepFrom), 60)
  bytes.writeBigInt64LE(BigInt(header.mainFileMs), 68)
  bytes.writeUInt32LE(recordChecksum(bytes, table), 76)
  return bytes
}

/** Checksum of a record's header and page table. */
export function recordChecksum(header: Buffer, table: Buffer): number {
  return crc32(table, crc32(header.subarray(0, 76)))
}

/** Null where no record starts here. The checksum is for the caller to compare, once it has the table. */
export function decodeRecordHeader(bytes: Buffer): RecordHeader | null {
  if (bytes.length < RECORD_HEADER_SIZE || bytes.readUInt32LE(0) !== RECORD_MAGIC) return null
  const kind = KINDS[bytes.readUInt32LE(4) - 1]
  if (kind === undefined) return null
  return {
    kind,
    pageCount: bytes.readUInt32LE(8),
    sizeInPages: bytes.readUInt32LE(12),
    sequence: Number(bytes.readBigUInt64LE(16)),
    epoch: bytes.toString('hex', 24, 32),
    timeMs: Number(bytes.readBigInt64LE(32)),
    wal: {
      salts: [bytes.readUInt32LE(40), bytes.readUInt32LE(44)],
      frame: bytes.readUInt32LE(48),
      checksum: [bytes.readUInt32LE(52), bytes.readUInt32LE(56)],
    },
    keepFrom: Number(bytes.readBigUInt64LE(60)),
    mainFileMs: Number(bytes.readBigInt64LE(68)),
    checksum: bytes.readUInt32LE(76),
  }
}
