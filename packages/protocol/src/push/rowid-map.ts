import { tidemark } from '#messages'
import { readDifference, writeDifference } from '../columns/column-codec.ts'
import { ByteReader } from '../columns/byte-reader.ts'
import { ByteWriter } from '../columns/byte-writer.ts'
import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { decodeMessage } from '../messages/decode-message.ts'
import { encodeMessage } from '../messages/encode-message.ts'

/** A row of a table without a key got another rowid on the server, because its own was taken. */
export interface RowidMapping {
  readonly table: string
  /** The rowid on the client that pushed the row. */
  readonly local: bigint
  /** The rowid on the server. */
  readonly remote: bigint
}

/** Consecutive mappings whose local and remote rowids both go up by one are stored as a range. */
interface Range {
  count: number
  readonly local: bigint
  readonly remote: bigint
}

/**
 * The mappings, grouped by table in order of first appearance; within a table their order is kept. No
 * mappings: no bytes.
 *
 * @throws LimitError for more than `PROTOCOL_LIMITS.rowidMappings`
 */
export function encodeRowidMap(mappings: readonly RowidMapping[]): Uint8Array {
  checkCount(mappings.length)
  const rangesByTable = new Map<string, Range[]>()
  for (const { table, local, remote } of mappings) {
    let ranges = rangesByTable.get(table)
    if (ranges === undefined) {
      ranges = []
      rangesByTable.set(table, ranges)
    }
    const last = ranges.at(-1)
    const count = BigInt(last?.count ?? 0)
    if (last !== undefined && last.local + count === local && last.remote + count === remote) last.count += 1
    else ranges.push({ count: 1, local, remote })
  }
  const tables = [...rangesByTable].map(([table, ranges]) => ({ table, ranges: encodeRanges(ranges) }))
  return encodeMessage(tidemark.RowidMap, { tables })
}

/** @throws ProtocolError, LimitError if the bytes are not a rowid map */
export function decodeRowidMap(bytes: Uint8Array): RowidMapping[] {
  const { tables } = decodeMessage(tidemark.RowidMap, bytes, 'rowid map', PROTOCOL_LIMITS.tablesPerPush)
  const mappings: RowidMapping[] = []
  for (const properties of tables) {
    const { table, ranges } = new tidemark.RowidMapTable(properties)
    appendRanges(mappings, table, ranges)
  }
  return mappings
}

function encodeRanges(ranges: readonly Range[]): Uint8Array {
  const writer = new ByteWriter()
  let previous: Range = { count: 0, local: 0n, remote: 0n }
  for (const range of ranges) {
    writer.varint(range.count)
    writeDifference(writer, range.local, previous.local)
    writeDifference(writer, range.remote, previous.remote)
    previous = range
  }
  return writer.bytes()
}

function appendRanges(mappings: RowidMapping[], table: string, bytes: Uint8Array): void {
  const reader = new ByteReader(bytes)
  let local = 0n
  let remote = 0n
  while (reader.remaining > 0) {
    const count = reader.varint()
    if (count === 0) throw new ProtocolError('rowid map has an empty range')
    checkCount(mappings.length + count)
    local = readDifference(reader, local)
    remote = readDifference(reader, remote)
    for (let i = 0n; i < count; i += 1n) {
      mappings.push({ table, local: BigInt.asIntN(64, local + i), remote: BigInt.asIntN(64, remote + i) })
    }
  }
}

function checkCount(count: number): void {
  if (count > PROTOCOL_LIMITS.rowidMappings) throw new LimitError(`rowid map of ${count} entries`)
}
