import { ByteReader } from '../columns/byte-reader.ts'
import { ByteWriter } from '../columns/byte-writer.ts'
import { ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import type { RowPart } from './pushed-rows.ts'

/**
 * How one part of a run follows from the one before it: the next row's cell, the row before's, the same row's
 * next share.
 */
const STEPS = [
  { row: 1, part: 0 },
  { row: -1, part: 0 },
  { row: 0, part: 1 },
] as const
const SAME_ROW = 2
/** No page holds more cells: a cell takes at least 4 bytes and 2 for its pointer. */
const MAX_PARTS = PROTOCOL_LIMITS.pagesPerGroup * 683

/**
 * Runs, one after another: varint count * 4 + step, zigzag varint row less the last run's last row; for step
 * 2 varint part.
 */
export function encodePartRuns(parts: readonly RowPart[]): Uint8Array {
  const writer = new ByteWriter()
  let lastRow = 0
  for (let start = 0; start < parts.length;) {
    const first = parts[start]!
    const step = first.part > 0 ? SAME_ROW : stepBetween(first, parts[start + 1])
    let end = start + 1
    while (end < parts.length && follows(parts[end - 1]!, parts[end]!, step)) end += 1
    writer.varint((end - start) * 4 + step)
    writer.zigzag(BigInt(first.row - lastRow))
    if (step === SAME_ROW) writer.varint(first.part)
    lastRow = parts[end - 1]!.row
    start = end
  }
  return writer.bytes()
}

/** @throws ProtocolError */
export function decodePartRuns(bytes: Uint8Array): RowPart[] {
  const reader = new ByteReader(bytes)
  const parts: RowPart[] = []
  let row = 0
  while (reader.remaining > 0) {
    const head = reader.varint()
    const step = STEPS[head % 4]
    const count = Math.floor(head / 4)
    if (step === undefined || count === 0)
      throw new ProtocolError('unknown run of pushed rows', { recovery: 'upgrade' })
    if (parts.length + count > MAX_PARTS)
      throw new ProtocolError('more pushed rows than a group of pages holds')
    row += Number(reader.zigzag())
    const part = head % 4 === SAME_ROW ? reader.varint() : 0
    for (let i = 0; i < count; i += 1) parts.push({ row: row + i * step.row, part: part + i * step.part })
    row += (count - 1) * step.row
  }
  return parts
}

function stepBetween(first: RowPart, second: RowPart | undefined): number {
  return second !== undefined && follows(first, second, 1) ? 1 : 0
}

function follows(before: RowPart, after: RowPart, step: number): boolean {
  const { row, part } = STEPS[step]!
  return after.row === before.row + row && after.part === before.part + part
}
