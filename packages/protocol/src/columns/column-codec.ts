import { ProtocolError } from '../errors.ts'
import type { ImageValue } from '../value.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readPayload, TAG, writeValue } from './value-codec.ts'

/**
 * Appends one column of rows, value after value. An INTEGER is written as its difference to the last INTEGER
 * above it in the column, modulo 2^64: keys, times and counters become small and alike.
 *
 * @throws ProtocolError if an integer does not fit into 64 bits
 */
export function writeColumn(
  writer: ByteWriter,
  rows: readonly (readonly ImageValue[])[],
  column: number,
): void {
  let previous = 0n
  for (const row of rows) {
    const value = row[column]!
    if (typeof value === 'string') {
      writer.byte(TAG.text)
      writer.text(value)
    } else if (typeof value === 'bigint') {
      writer.byte(TAG.integer)
      writeDifference(writer, value, previous)
      previous = value
    } else writeValue(writer, value)
  }
}

/** Differences of numbers up to here are exact, and short enough for {@link ByteWriter.zigzagNumber}. */
const LARGEST_PLAIN = 2 ** 50

/** Reads what {@link writeColumn} wrote and appends a value to each row. */
export function readColumn<T extends ImageValue>(
  reader: ByteReader,
  rows: readonly T[][],
  accept: (value: ImageValue) => T,
): void {
  let previous = 0n
  for (const row of rows) {
    const tag = reader.byte()
    if (tag === TAG.integer) {
      previous = readDifference(reader, previous)
      row.push(accept(previous))
    } else row.push(accept(readPayload(reader, tag)))
  }
}

/** @throws ProtocolError if `value` does not fit into 64 bits */
export function writeDifference(writer: ByteWriter, value: bigint, previous: bigint): void {
  // Arithmetic on bigints takes memory for each result.
  const [to, from] = [Number(value), Number(previous)]
  if (to < LARGEST_PLAIN && to > -LARGEST_PLAIN && from < LARGEST_PLAIN && from > -LARGEST_PLAIN) {
    writer.zigzagNumber(to - from)
    return
  }
  if (BigInt.asIntN(64, value) !== value) {
    throw new ProtocolError('integer does not fit into 64 bits', { recovery: 'bug' })
  }
  writer.zigzag(BigInt.asIntN(64, value - previous))
}

export function readDifference(reader: ByteReader, previous: bigint): bigint {
  return BigInt.asIntN(64, previous + reader.zigzag())
}
