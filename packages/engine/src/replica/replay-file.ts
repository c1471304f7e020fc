import { closeSync, existsSync, fdatasyncSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'

import { ProtocolError } from '@tidemark/protocol'
import type { WalChecksum, WalSalts } from '@tidemark/protocol'

import { writeFully } from '../wal/wal-file.ts'
import { openCompanion } from './companion-file.ts'
import { syncDirectoryOf } from './durable-file.ts'
import { decodeHeaderBlock, encodeHeaderBlock, HEADER_BLOCK_SIZE } from './header-block.ts'
import type { PageOnePatch } from './info.ts'

const MAGIC = 'tidemark-redo-2'
const BUFFER_SIZE = 256 * 1024
const LENGTH_SIZE = 4

/** The header of `<db>-replay`: everything needed to finish a pull whose pages have been injected. */
export interface ReplayPlan {
  /** Names this replay; recorded in the database by the transaction that replays. */
  readonly replayId: string
  readonly revision: string
  /** The replica was at this revision before: what it has pushed since is not in the base. */
  readonly isSameBase: boolean
  readonly sizeInPages: number
  readonly pageOne: PageOnePatch | null
  /** Where the injection ends, and under which salts: if the WAL has this frame, the pages are in. */
  readonly salts: WalSalts
  readonly lastFrame: number
  readonly checksum: WalChecksum
  /** Ids up to this one have been given out. */
  readonly maxChangeId: number
  /**
   * The application's `PRAGMA foreign_keys` when the pull was applied: after a crash the replay comes before
   * the application can say.
   */
  readonly enforceForeignKeys: boolean
}

interface Content extends ReplayPlan {
  readonly bytes: number
  readonly crc: number
}

/**
 * `<db>-replay`: a header block, then the pending changes as records, each a 32-bit little-endian length and that many
 * bytes. {@link write} streams the records; {@link seal} completes the file.
 */
export class ReplayFile {
  readonly #path: string
  readonly #descriptor: number
  #bytes = 0
  #crc = 0

  /** Starts a new file with `records`, not yet valid. Owns its descriptor until {@link seal} or {@link close}. */
  constructor(path: string, records: Iterable<Uint8Array>) {
    this.#path = path
    this.#descriptor = openCompanion(path)
    try {
      this.#writeAll(records)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Makes the file valid; on disk when this returns. */
  seal(plan: ReplayPlan): void {
    const content: Content = { ...plan, bytes: this.#bytes, crc: this.#crc }
    writeFully(this.#descriptor, encodeHeaderBlock(MAGIC, content), 0)
    fdatasyncSync(this.#descriptor)
    syncDirectoryOf(this.#path)
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #writeAll(records: Iterable<Uint8Array>): void {
    const buffer = Buffer.alloc(BUFFER_SIZE)
    let used = 0
    const flush = (): void => {
      this.#write(buffer.subarray(0, used))
      used = 0
    }
    for (const record of records) {
      if (used + LENGTH_SIZE + record.byteLength > BUFFER_SIZE) flush()
      used = buffer.writeUInt32LE(record.byteLength, used)
      if (used + record.byteLength > BUFFER_SIZE) {
        flush()
        this.#write(record)
      } else {
        buffer.set(record, used)
        used += record.byteLength
      }
    }
    flush()
  }

  #write(bytes: Uint8Array): void {
    writeFully(this.#descriptor, bytes, HEADER_BLOCK_SIZE + this.#bytes)
    this.#bytes += bytes.byteLength
    this.#crc = crc32(bytes, this.#crc)
  }
}

/** The plan of a sealed file; null when there is none, or one that was never sealed. */
export function readReplayPlan(path: string): ReplayPlan | null {
  if (!existsSync(path)) return null
  return withFile(path, (descriptor) => readContent(descriptor))
}

/**
 * Yields the records of a sealed file in bounded memory.
 *
 * @throws ProtocolError `TIDEMARK_REPLAY_DAMAGED` when they are damaged, before the first is yielded
 */
export function* readReplayRecords(path: string): Generator<Uint8Array> {
  const descriptor = openSync(path, 'r')
  try {
    const content = readContent(descriptor)
    if (content === null || checksumOf(descriptor, content.bytes) !== content.crc) {
      throw replayDamaged(path, 'the checksum of its records does not match')
    }
    const reader = new BufferedReader(descriptor)
    for (let read = 0; read < content.bytes;) {
      const length = reader.take(LENGTH_SIZE).readUInt32LE(0)
      yield reader.take(length)
      read += LENGTH_SIZE + length
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Reads what follows the header block, much at a time: most records are a few dozen bytes. */
class BufferedReader {
  readonly #descriptor: number
  #buffer: Buffer = Buffer.allocUnsafe(BUFFER_SIZE)
  #start = 0
  #end = 0
  /** Where in the file the buffer's end is. */
  #position = HEADER_BLOCK_SIZE

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** The next bytes; valid until the next call. The file must have them. */
  take(length: number): Buffer {
    if (this.#end - this.#start < length) this.#fill(length)
    this.#start += length
    return this.#buffer.subarray(this.#start - length, this.#start)
  }

  #fill(length: number): void {
    const rest = this.#buffer.subarray(this.#start, this.#end)
    if (length > this.#buffer.byteLength) this.#buffer = Buffer.allocUnsafe(length)
    this.#buffer.set(rest)
    const space = this.#buffer.byteLength - rest.byteLength
    const read = readSync(this.#descriptor, this.#buffer, rest.byteLength, space, this.#position)
    this.#position += read
    this.#start = 0
    this.#end = rest.byteLength + read
  }
}

/** For a file without which the changes that were pending when a pull was interrupted cannot be put back. */
export function replayDamaged(path: string, reason: string): ProtocolError {
  return new ProtocolError(
    `${path} is damaged: ${reason}. It holds the changes that were pending when a pull was interrupted. Restore it from a backup taken together with the database, or move all files of the database away and open it again, which downloads it without them.`,
    { code: 'TIDEMARK_REPLAY_DAMAGED' },
  )
}

function readContent(descriptor: number): Content | null {
  const block = Buffer.alloc(HEADER_BLOCK_SIZE)
  readSync(descriptor, block, 0, HEADER_BLOCK_SIZE, 0)
  return decodeHeaderBlock(MAGIC, block) as Content | null
}

function checksumOf(descriptor: number, bytes: number): number {
  const buffer = Buffer.alloc(BUFFER_SIZE)
  let crc = 0
  for (let position = 0; position < bytes;) {
    const length = readSync(
      descriptor,
      buffer,
      0,
      Math.min(BUFFER_SIZE, bytes - position),
      HEADER_BLOCK_SIZE + position,
    )
    if (length === 0) return -1
    crc = crc32(buffer.subarray(0, length), crc)
    position += length
  }
  return crc
}

function withFile<T>(path: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(path, 'r')
  try {
    return use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
