/**
 * SQLite's WAL file (https://www.sqlite.org/fileformat2.html, section 4). All fields are big-endian.
 *
 * Header, 32 bytes:
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 4 | magic 0x377f0682 (checksums over little-endian words) or 0x377f0683 (big-endian words) |
 * | 4 | 4 | format version, 3007000 |
 * | 8 | 4 | page size |
 * | 12 | 4 | checkpoint sequence number |
 * | 16 | 8 | salt 1, salt 2 |
 * | 24 | 8 | checksum of the first 24 bytes |
 *
 * then frames: a 24-byte header and one page.
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 4 | page number, from 1 |
 * | 4 | 4 | in a commit frame the database size in pages, else 0 |
 * | 8 | 8 | the header's salts |
 * | 16 | 8 | checksum, cumulative from the header's over each frame's first 8 bytes and page |
 */
import { ProtocolError } from '../errors.ts'
import { walChecksum } from './wal-checksum.ts'
import type { WalChecksum } from './wal-checksum.ts'

export const PAGE_SIZE = 4096
export const WAL_HEADER_SIZE = 32
export const FRAME_HEADER_SIZE = 24
export const FRAME_SIZE: number = FRAME_HEADER_SIZE + PAGE_SIZE
export const WAL_VERSION = 3007000
const WAL_MAGIC = 0x377f0682

/** Salt 1 and salt 2; they change whenever the WAL starts over. */
export type WalSalts = readonly [number, number]

export interface WalHeader {
  readonly bigEndianChecksum: boolean
  readonly pageSize: number
  readonly checkpointSequence: number
  readonly salts: WalSalts
  readonly checksum: WalChecksum
}

export interface FrameHeader {
  readonly pageNumber: number
  /** Database size in pages after this commit; 0 where the frame does not end a transaction. */
  readonly commitSizeInPages: number
  readonly salts: WalSalts
  readonly checksum: WalChecksum
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Byte offset of a frame (numbered from 1) in a WAL file of 4096-byte pages. */
export function frameOffset(frameNumber: number): number {
  return WAL_HEADER_SIZE + (frameNumber - 1) * FRAME_SIZE
}

/** Writes a little-endian-checksum header; the checksum is computed. */
export function encodeWalHeader(header: {
  readonly checkpointSequence: number
  readonly salts: WalSalts
}): Uint8Array {
  const bytes = new Uint8Array(WAL_HEADER_SIZE)
  const view = viewOf(bytes)
  view.setUint32(0, WAL_MAGIC)
  view.setUint32(4, WAL_VERSION)
  view.setUint32(8, PAGE_SIZE)
  view.setUint32(12, header.checkpointSequence)
  view.setUint32(16, header.salts[0])
  view.setUint32(20, header.salts[1])
  const [s0, s1] = walChecksum(bytes.subarray(0, 24), [0, 0], false)
  view.setUint32(24, s0)
  view.setUint32(28, s1)
  return bytes
}

/**
 * @throws ProtocolError when the bytes are no WAL header of the known version with 4096-byte pages and a right checksum
 */
export function decodeWalHeader(bytes: Uint8Array): WalHeader {
  if (bytes.byteLength < WAL_HEADER_SIZE) {
    throw new ProtocolError(`WAL header is ${bytes.byteLength} bytes long, expected ${WAL_HEADER_SIZE}`)
  }
  const view = viewOf(bytes)
  const magic = view.getUint32(0)
  if (magic >>> 1 !== WAL_MAGIC >>> 1) throw new ProtocolError(`WAL magic is 0x${magic.toString(16)}`)
  if (view.getUint32(4) !== WAL_VERSION) throw new ProtocolError(`WAL version is ${view.getUint32(4)}`)
  const pageSize = view.getUint32(8)
  if (pageSize !== PAGE_SIZE) throw new ProtocolError(`WAL page size is ${pageSize}, expected ${PAGE_SIZE}`)
  const bigEndianChecksum = (magic & 1) === 1
  const checksum: WalChecksum = [view.getUint32(24), view.getUint32(28)]
  const [s0, s1] = walChecksum(bytes.subarray(0, 24), [0, 0], bigEndianChecksum)
  if (s0 !== checksum[0] || s1 !== checksum[1]) throw new ProtocolError('WAL header checksum does not match')
  return {
    bigEndianChecksum,
    pageSize,
    checkpointSequence: view.getUint32(12),
    salts: [view.getUint32(16), view.getUint32(20)],
    checksum,
  }
}

/** Writes a frame header at `offset` of `target`. */
export function encodeFrameHeader(target: Uint8Array, offset: number, header: FrameHeader): void {
  const view = viewOf(target)
  view.setUint32(offset, header.pageNumber)
  view.setUint32(offset + 4, header.commitSizeInPages)
  view.setUint32(offset + 8, header.salts[0])
  view.setUint32(offset + 12, header.salts[1])
  view.setUint32(offset + 16, header.checksum[0])
  view.setUint32(offset + 20, header.checksum[1])
}

/** The page number in the frame header at `offset`, for looking through many frames. */
export function framePageNumber(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset)
}

/** The size of the database in pages where the frame ends a commit, else 0. */
export function frameCommitSize(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset + 4)
}

/** @throws ProtocolError when fewer than 24 bytes follow `offset` */
export function decodeFrameHeader(bytes: Uint8Array, offset: number): FrameHeader {
  if (offset + FRAME_HEADER_SIZE > bytes.byteLength) throw new ProtocolError('frame header is cut short')
  const view = viewOf(bytes)
  return {
    pageNumber: view.getUint32(offset),
    commitSizeInPages: view.getUint32(offset + 4),
    salts: [view.getUint32(offset + 8), view.getUint32(offset + 12)],
    checksum: [view.getUint32(offset + 16), view.getUint32(offset + 20)],
  }
}
