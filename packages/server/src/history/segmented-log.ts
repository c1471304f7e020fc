import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { writeFully } from '@tidemark/engine/server-side'
import { historyDamaged } from './history-error.ts'
import { decodeSegmentHeader, encodeSegmentHeader, SEGMENT_HEADER_SIZE } from './history-format.ts'

export interface Segment {
  /** Log position of the file's first byte. */
  readonly start: number
  readonly path: string
  descriptor: number | null
  /** Bytes, the header included. */
  size: number
}

const SUFFIX = '.history'
const nameOf = (start: number): string => `${start.toString(16).padStart(16, '0')}${SUFFIX}`

/**
 * A log in files of bounded size, addressed by one running position. Appends go to the last segment; what was
 * appended is on disk only after {@link sync}. A segment is synced before the next one begins.
 */
export class SegmentedLog {
  readonly #directory: string
  readonly #databaseId: string
  readonly #segmentBytes: number
  readonly #segments: Segment[]

  private constructor(directory: string, databaseId: string, segmentBytes: number, segments: Segment[]) {
    this.#directory = directory
    this.#databaseId = databaseId
    this.#segmentBytes = segmentBytes
    this.#segments = segments
  }

  /** @throws StateError `TIDEMARK_HISTORY_DAMAGED` when segments are missing, foreign or not of this format */
  static open(directory: string, databaseId: string, segmentBytes: number): SegmentedLog {
    if (mkdirSync(directory, { recursive: true }) !== undefined) syncDirectory(dirname(directory))
    const names = readdirSync(directory).filter((name) => name.endsWith(SUFFIX))
    const segments: Segment[] = []
    try {
      for (const [index, name] of names.toSorted().entries()) {
        const path = join(directory, name)
        const segment = openSegment(path, databaseId)
        if (segment === null && index === names.length - 1) {
          rmSync(path)
          continue
        }
        const previous = segments.at(-1)
        if (segment === null || nameOf(segment.start) !== name)
          throw historyDamaged(`${name} has no valid header`)
        segments.push(segment)
        if (previous !== undefined && previous.start + previous.size !== segment.start)
          throw historyDamaged(`${name} does not continue ${nameOf(previous.start)}`)
      }
    } catch (error) {
      for (const segment of segments) closeSegment(segment)
      throw error
    }
    return new SegmentedLog(directory, databaseId, segmentBytes, segments)
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  /** Position of the first byte after the log. */
  get end(): number {
    const last = this.#segments.at(-1)
    return last === undefined ? 0 : last.start + last.size
  }

  get bytes(): number {
    return this.end - (this.#segments[0]?.start ?? 0)
  }

  /** Fills `target` from `position`; false where the segment ends before. */
  read(position: number, target: Uint8Array): boolean {
    const segment = this.#segmentAt(position)
    if (segment === undefined || position + target.byteLength > segment.start + segment.size) return false
    return (
      readSync(descriptorOf(segment), target, 0, target.byteLength, position - segment.start) ===
      target.byteLength
    )
  }

  /**
   * Position for a record of `size` bytes, which is kept whole in one segment. Begins a new segment if the
   * last one is full.
   */
  place(size: number): number {
    const last = this.#segments.at(-1)
    const hasRoom =
      last !== undefined && (last.size + size <= this.#segmentBytes || last.size === SEGMENT_HEADER_SIZE)
    if (!hasRoom) this.#begin()
    return this.end
  }

  /** Writes at or after the end without moving it. */
  write(position: number, bytes: Uint8Array): void {
    const segment = this.#segments.at(-1)!
    writeFully(descriptorOf(segment), bytes, position - segment.start)
  }

  /** Makes the bytes written up to `position` part of the log. */
  advance(position: number): void {
    const last = this.#segments.at(-1)!
    last.size = position - last.start
  }

  /** Cuts the last segment at `position`. */
  truncate(position: number): void {
    const last = this.#segments.at(-1)
    if (last === undefined) return
    ftruncateSync(descriptorOf(last), position - last.start)
    last.size = position - last.start
  }

  /** Everything appended is on disk when this returns. */
  sync(): void {
    const last = this.#segments.at(-1)
    if (last !== undefined) fdatasyncSync(descriptorOf(last))
  }

  /**
   * Removes the segments that end at or before `position`: one after the other for good, so that a power loss
   * leaves no gap.
   */
  dropBefore(position: number): void {
    while (this.#segments.length > 1 && this.#segments[1]!.start <= position) {
      const segment = this.#segments.shift()!
      closeSegment(segment)
      rmSync(segment.path)
      syncDirectory(this.#directory)
    }
  }

  close(): void {
    for (const segment of this.#segments) closeSegment(segment)
  }

  #segmentAt(position: number): Segment | undefined {
    let low = 0
    let high = this.#segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#segments[middle]!.start <= position) low = middle
      else high = middle - 1
    }
    const segment = this.#segments[low]
    return segment !== undefined && position >= segment.start ? segment : undefined
  }

  #begin(): void {
    this.sync()
    const start = this.end
    const path = join(this.#directory, nameOf(start))
    const header = { databaseId: this.#databaseId, position: start, createdMs: Date.now() }
    let descriptor: number | null = null
    try {
      descriptor = openSync(path, 'w+', 0o600)
      writeFully(descriptor, encodeSegmentHeader(header), 0)
      fsyncSync(descriptor)
      syncDirectory(this.#directory)
    } catch (error) {
      if (descriptor !== null) closeSync(descriptor)
      // A smaller record may still go into the segment before, and this one would not continue that.
      rmSync(path, { force: true })
      throw error
    }
    this.#segments.push({ start, path, descriptor, size: SEGMENT_HEADER_SIZE })
  }
}

/** Makes creations and removals in the directory survive a power loss. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function openSegment(path: string, databaseId: string): Segment | null {
  const descriptor = openSync(path, 'r+')
  const bytes = Buffer.alloc(SEGMENT_HEADER_SIZE)
  const length = readSync(descriptor, bytes, 0, bytes.length, 0)
  const header = decodeSegmentHeader(bytes.subarray(0, length))
  if (header === null || header.databaseId !== databaseId) {
    closeSync(descriptor)
    if (header !== null) throw historyDamaged(`${path} belongs to another database`)
    return null
  }
  return { start: header.position, path, descriptor, size: fstatSync(descriptor).size }
}

function descriptorOf(segment: Segment): number {
  segment.descriptor ??= openSync(segment.path, 'r+')
  return segment.descriptor
}

function closeSegment(segment: Segment): void {
  if (segment.descriptor !== null) closeSync(segment.descriptor)
  segment.descriptor = null
}
