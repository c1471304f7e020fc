import type { Change } from '../change.ts'
import { RawText, ValueDigest } from '../value.ts'
import type { ImageValue } from '../value.ts'

const CHANGE_OVERHEAD_BYTES = 4
const VALUE_OVERHEAD_BYTES = 6

/** About how many bytes a change takes in a block, before compression. */
export function estimateChangeBytes(change: Change): number {
  if (change.kind === 'schema') return CHANGE_OVERHEAD_BYTES + change.sql.length
  return (
    CHANGE_OVERHEAD_BYTES +
    estimateValueBytes(change.key) +
    estimateValueBytes(change.values) +
    estimateValueBytes(change.expected)
  )
}

/** How many values a change holds; at least 1. */
export function countCells(change: Change): number {
  if (change.kind === 'schema') return 1
  return Math.max(1, change.key.length + change.values.length + change.expected.length)
}

function estimateValueBytes(values: readonly ImageValue[]): number {
  let bytes = 0
  for (const value of values) {
    bytes += VALUE_OVERHEAD_BYTES
    if (typeof value === 'string') bytes += value.length
    else if (value instanceof Uint8Array) bytes += value.byteLength
    else if (value instanceof RawText) bytes += value.bytes.byteLength
    else if (value instanceof ValueDigest) bytes += value.digest.byteLength
  }
  return bytes
}
