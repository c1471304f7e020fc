import { crc32 } from 'node:zlib'
import { PAGE_SIZE } from '@tidemark/protocol'
import {
  decodeRecordHeader,
  encodeRecordHeader,
  imageOffset,
  PAGE_ENTRY_SIZE,
  RECORD_HEADER_SIZE,
  recordChecksum,
  recordSize,
} from './history-format.ts'
import type { RecordHeader } from './history-format.ts'
import type { PageTable } from './page-index.ts'
import type { SegmentedLog } from './segmented-log.ts'

const PAGES_PER_WRITE = 64

export interface StoredRecord {
  readonly position: number
  readonly header: RecordHeader
  readonly table: PageTable
}

export type RecordContent = Omit<RecordHeader, 'checksum' | 'pageCount'>

/**
 * Appends a record, its images first and its header last, so that a crash leaves no header in front of images
 * that were never written. Not on disk until the log is synced. Where it throws, the log is as before.
 *
 * @param images one for each of `numbers`, in that order; each is read before the next is asked for
 */
export function appendRecord(
  log: SegmentedLog,
  content: RecordContent,
  numbers: Uint32Array,
  images: Iterable<Uint8Array>,
): StoredRecord {
  const pageCount = numbers.length
  const position = log.place(recordSize(pageCount))
  try {
    const crcs = new Uint32Array(pageCount)
    const tableBytes = Buffer.alloc(pageCount * PAGE_ENTRY_SIZE)
    const buffer = Buffer.allocUnsafe(Math.min(pageCount, PAGES_PER_WRITE) * PAGE_SIZE)
    const firstImage = position + imageOffset(pageCount, 0)
    let index = 0
    let flushed = 0
    for (const image of images) {
      buffer.set(image, (index - flushed) * PAGE_SIZE)
      crcs[index] = crc32(image)
      tableBytes.writeUInt32LE(numbers[index]!, index * PAGE_ENTRY_SIZE)
      tableBytes.writeUInt32LE(crcs[index]!, index * PAGE_ENTRY_SIZE + 4)
      index += 1
      if ((index - flushed) * PAGE_SIZE === buffer.length) {
        log.write(firstImage + flushed * PAGE_SIZE, buffer)
        flushed = index
      }
    }
    log.write(firstImage + flushed * PAGE_SIZE, buffer.subarray(0, (index - flushed) * PAGE_SIZE))
    const headerBytes = encodeRecordHeader({ ...content, pageCount }, tableBytes)
    log.write(position, Buffer.concat([headerBytes, tableBytes]))
    log.advance(position + recordSize(pageCount))
    return {
      position,
      header: { ...content, pageCount, checksum: headerBytes.readUInt32LE(76) },
      table: { numbers, crcs, firstImage },
    }
  } catch (error) {
    log.truncate(log.end)
    throw error
  }
}

/** The record at `position` without its images; null where none, or not a whole one, is there. */
export function readRecord(log: SegmentedLog, position: number): StoredRecord | null {
  const headerBytes = Buffer.alloc(RECORD_HEADER_SIZE)
  if (!log.read(position, headerBytes)) return null
  const header = decodeRecordHeader(headerBytes)
  if (header === null || position + recordSize(header.pageCount) > log.end) return null
  const tableBytes = Buffer.alloc(header.pageCount * PAGE_ENTRY_SIZE)
  if (!log.read(position + RECORD_HEADER_SIZE, tableBytes)) return null
  if (recordChecksum(headerBytes, tableBytes) !== header.checksum) return null
  const numbers = new Uint32Array(header.pageCount)
  const crcs = new Uint32Array(header.pageCount)
  for (let index = 0; index < header.pageCount; index++) {
    numbers[index] = tableBytes.readUInt32LE(index * PAGE_ENTRY_SIZE)
    crcs[index] = tableBytes.readUInt32LE(index * PAGE_ENTRY_SIZE + 4)
  }
  return {
    position,
    header,
    table: { numbers, crcs, firstImage: position + imageOffset(header.pageCount, 0) },
  }
}

/** Whether the record's images are what its page table says. */
export function hasIntactImages(log: SegmentedLog, record: StoredRecord): boolean {
  const image = Buffer.allocUnsafe(PAGE_SIZE)
  for (let index = 0; index < record.table.numbers.length; index++) {
    if (!log.read(record.table.firstImage + index * PAGE_SIZE, image)) return false
    if (crc32(image) !== record.table.crcs[index]) return false
  }
  return true
}
