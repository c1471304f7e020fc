/**
 * The wal-index: SQLite's shared memory file `<db>-shm`, version 3007000
 * (https://www.sqlite.org/walformat.html#the_wal_index_file_format). Fields are in the host's byte order, which must be
 * little-endian here; the salts are the WAL header's raw bytes.
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 4 | version, 3007000 |
 * | 8 | 4 | change counter, grows with every transaction |
 * | 12 | 1 | 1 once initialised |
 * | 13 | 1 | 1 if the WAL's checksums are over big-endian words |
 * | 14 | 2 | page size |
 * | 16 | 4 | mxFrame: number of valid frames |
 * | 20 | 4 | database size in pages |
 * | 24 | 8 | checksum of frame mxFrame |
 * | 32 | 8 | salts |
 * | 40 | 8 | checksum of the 40 bytes before |
 * | 48 | 48 | second copy of the header; written first, so that a reader that sees two equal copies sees a whole one |
 * | 96 | 4 | nBackfill: frames already copied to the main file |
 * | 128 | 4 | nBackfillAttempted: frames up to which a checkpoint copies, or has copied; written before it begins |
 * | 136 | | page numbers of frames 1–4062, then their hash table |
 *
 * Every 32 KiB block holds 4096 page numbers (4062 in the first) and, in its second half, 8192 hash slots of two bytes:
 * slot `(page × 383) mod 8192`, linear probing, value = position in the block from 1, 0 = free.
 */
import { fstatSync, readSync } from 'node:fs'

import { BusyError, StateError, walChecksum, WAL_VERSION, PAGE_SIZE } from '@tidemark/protocol'
import type { WalChecksum, WalSalts } from '@tidemark/protocol'

import { writeFully } from './wal-file.ts'

const HEADER_SIZE = 48
const BACKFILL_OFFSET = 96
const ATTEMPTED_OFFSET = 128
const BLOCK_SIZE = 32_768
const HASH_OFFSET = 16_384
const HASH_SLOTS = 8192
const HASH_MULTIPLIER = 383
const FIRST_BLOCK_START = 136
const FIRST_BLOCK_ENTRIES = 4062
const BLOCK_ENTRIES = 4096
const READ_ATTEMPTS = 1000

export interface WalIndexHeader {
  /** Grows by one with each commit, and begins again at 0 behind 2^32 - 1. */
  readonly changeCounter: number
  /** Number of valid frames in the WAL. */
  readonly maxFrame: number
  /** Bytes; 0: nobody has written to the WAL since it was made. */
  readonly pageSize: number
  readonly sizeInPages: number
  readonly bigEndianChecksum: boolean
  /** Checksum of frame `maxFrame`. */
  readonly checksum: WalChecksum
  readonly salts: WalSalts
  /** The 48 bytes as read. */
  readonly raw: Buffer
}

/**
 * Reads the header of the wal-index behind `shmDescriptor`. Frames up to `maxFrame` are committed.
 *
 * @throws StateError `TIDEMARK_WAL_INDEX` when it is not one this engine understands
 * @throws BusyError when a writer kept changing it (the two copies never agreed)
 */
export function readWalIndexHeader(shmDescriptor: number): WalIndexHeader {
  const both = Buffer.alloc(HEADER_SIZE * 2)
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    if (readSync(shmDescriptor, both, 0, both.length, 0) < both.length) break
    const raw = both.subarray(0, HEADER_SIZE)
    if (raw.equals(both.subarray(HEADER_SIZE)) && hasValidChecksum(raw)) return parseHeader(Buffer.from(raw))
  }
  if (both.readUInt32LE(0) !== WAL_VERSION) {
    throw new StateError(
      'TIDEMARK_WAL_INDEX',
      `The shared memory file of the database is not a wal-index of version ${WAL_VERSION} (found ${both.readUInt32LE(0)}). Big-endian machines, exclusive locking and other SQLite variants cannot be synced.`,
      { recovery: 'operator' },
    )
  }
  throw new BusyError('The wal-index is being changed by another process')
}

function hasValidChecksum(raw: Buffer): boolean {
  const [s0, s1] = walChecksum(raw.subarray(0, 40), [0, 0], false)
  return raw[12] === 1 && raw.readUInt32LE(40) === s0 && raw.readUInt32LE(44) === s1
}

function parseHeader(raw: Buffer): WalIndexHeader {
  const version = raw.readUInt32LE(0)
  const pageSize = raw.readUInt16LE(14)
  // No page size is known before the WAL has a header.
  if (version !== WAL_VERSION || (pageSize !== PAGE_SIZE && pageSize !== 0)) {
    throw new StateError(
      'TIDEMARK_WAL_INDEX',
      `The wal-index has version ${version} and page size ${pageSize}; expected ${WAL_VERSION} and ${PAGE_SIZE}`,
      { recovery: 'operator' },
    )
  }
  return {
    changeCounter: raw.readUInt32LE(8),
    maxFrame: raw.readUInt32LE(16),
    pageSize,
    sizeInPages: raw.readUInt32LE(20),
    bigEndianChecksum: raw[13] === 1,
    checksum: [raw.readUInt32LE(24), raw.readUInt32LE(28)],
    salts: [raw.readUInt32BE(32), raw.readUInt32BE(36)],
    raw,
  }
}

/** How many frames have been copied to the main file by checkpoints. */
export function readBackfilledFrames(shmDescriptor: number): number {
  const bytes = Buffer.alloc(4)
  readSync(shmDescriptor, bytes, 0, 4, BACKFILL_OFFSET)
  return bytes.readUInt32LE(0)
}

/**
 * How many frames a checkpoint may have copied that is under way, or was cut off. Not less than
 * {@link readBackfilledFrames}.
 */
export function readAttemptedFrames(shmDescriptor: number): number {
  const bytes = Buffer.alloc(4)
  readSync(shmDescriptor, bytes, 0, 4, ATTEMPTED_OFFSET)
  return bytes.readUInt32LE(0)
}

interface Block {
  readonly start: number
  /** File offset of the block's first page number. */
  readonly pageNumbers: number
  /** Frame number before the block's first. */
  readonly framesBefore: number
  readonly entries: number
}

function blockOf(frame: number): Block {
  if (frame <= FIRST_BLOCK_ENTRIES) {
    return { start: 0, pageNumbers: FIRST_BLOCK_START, framesBefore: 0, entries: FIRST_BLOCK_ENTRIES }
  }
  const index = 1 + Math.floor((frame - FIRST_BLOCK_ENTRIES - 1) / BLOCK_ENTRIES)
  const start = index * BLOCK_SIZE
  const framesBefore = FIRST_BLOCK_ENTRIES + (index - 1) * BLOCK_ENTRIES
  return { start, pageNumbers: start, framesBefore, entries: BLOCK_ENTRIES }
}

/**
 * The page numbers of the frames `first..last`, in their order; the frames must be committed and not
 * overwritten meanwhile.
 */
export function readPageNumbers(shmDescriptor: number, first: number, last: number): Uint32Array {
  const pages = new Uint32Array(Math.max(last - first + 1, 0))
  for (let frame = first; frame <= last;) {
    const block = blockOf(frame)
    const until = Math.min(last, block.framesBefore + block.entries)
    const part = pages.subarray(frame - first, until - first + 1)
    readSync(
      shmDescriptor,
      part,
      0,
      part.byteLength,
      block.pageNumbers + (frame - block.framesBefore - 1) * 4,
    )
    frame = until + 1
  }
  return pages
}

/**
 * Adds hash entries for `pages`, the frames after `maxFrame`, block by block: one read and one write each. The caller
 * holds the write lock. Readers ignore entries above their own mxFrame, so nothing is visible before
 * {@link publishHeader}. Entries that a writer which died left above `maxFrame` are removed.
 */
export function appendPageNumbers(shmDescriptor: number, maxFrame: number, pages: readonly number[]): void {
  for (let added = 0; added < pages.length;) {
    const block = blockOf(maxFrame + added + 1)
    const position = maxFrame + added - block.framesBefore
    const count = Math.min(block.entries - position, pages.length - added)
    appendToBlock(shmDescriptor, block, position, pages.slice(added, added + count))
    added += count
  }
}

function appendToBlock(
  shmDescriptor: number,
  block: Block,
  position: number,
  pages: readonly number[],
): void {
  const blockEnd = block.start + BLOCK_SIZE
  // Written, not only made longer: SQLite maps the file, and a hole that the disk has no room for would kill
  // the process.
  if (fstatSync(shmDescriptor).size < blockEnd)
    writeFully(shmDescriptor, Buffer.alloc(BLOCK_SIZE), block.start)
  const bytes = Buffer.alloc(blockEnd - block.pageNumbers)
  readSync(shmDescriptor, bytes, 0, bytes.length, block.pageNumbers)
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, block.entries * 4)
  const slots = new Uint16Array(
    bytes.buffer,
    bytes.byteOffset + block.start + HASH_OFFSET - block.pageNumbers,
    HASH_SLOTS,
  )

  for (let slot = 0; slot < HASH_SLOTS; slot++) if (slots[slot]! > position) slots[slot] = 0
  bytes.fill(0, position * 4, block.entries * 4)
  for (let index = 0; index < pages.length; index++) {
    const page = pages[index]!
    const entry = position + index + 1
    numbers.setUint32((entry - 1) * 4, page, true)
    let slot = (page * HASH_MULTIPLIER) & (HASH_SLOTS - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (HASH_SLOTS - 1)
    slots[slot] = entry
  }
  // Page numbers first: a slot must never name an entry that is not there yet.
  const added = bytes.subarray(position * 4, (position + pages.length) * 4)
  writeFully(shmDescriptor, added, block.pageNumbers + position * 4)
  writeFully(shmDescriptor, bytes.subarray(bytes.length - HASH_SLOTS * 2), block.start + HASH_OFFSET)
}

/**
 * Makes the frames up to `maxFrame` visible to every reader that starts after this call. The caller holds the write
 * lock, and the frames and their hash entries are written.
 */
export function publishHeader(
  shmDescriptor: number,
  previous: WalIndexHeader,
  next: { readonly maxFrame: number; readonly sizeInPages: number; readonly checksum: WalChecksum },
): void {
  const raw = Buffer.from(previous.raw)
  raw.writeUInt32LE((raw.readUInt32LE(8) + 1) >>> 0, 8)
  raw.writeUInt32LE(next.maxFrame, 16)
  raw.writeUInt32LE(next.sizeInPages, 20)
  raw.writeUInt32LE(next.checksum[0], 24)
  raw.writeUInt32LE(next.checksum[1], 28)
  const [s0, s1] = walChecksum(raw.subarray(0, 40), [0, 0], false)
  raw.writeUInt32LE(s0, 40)
  raw.writeUInt32LE(s1, 44)
  writeFully(shmDescriptor, raw, HEADER_SIZE)
  writeFully(shmDescriptor, raw, 0)
}
