import type { SqlValue } from '@tidemark/protocol'
import { RawText } from '@tidemark/protocol'
import { quoted, startOf } from '../printable.ts'
import { formatBytes } from '../quantity.ts'

/**
 * A value for people, in one line, with its storage class: `7`, `7.0`, `"a text"`, `x'00ff'`, `NULL`, and
 * `CAST(x'ff' AS TEXT)` for text that is not UTF-8. What is not cut, `parseKeyValue` reads, but for the last.
 *
 * @param maxLength of texts in characters and of blobs in digits: longer ones are cut, and their size is told
 */
export function formatValue(value: SqlValue, maxLength: number): string {
  if (value === null) return 'NULL'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return formatReal(value)
  if (typeof value === 'string') return formatText(value, maxLength)
  if (value instanceof RawText) return `CAST(${formatBlob(value.bytes, maxLength)} AS TEXT)`
  return formatBlob(value, maxLength)
}

/** As SQLite reads it: infinity is what is too large for a double. */
function formatReal(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '9e999' : '-9e999'
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /^-?\d+$/u.test(text) ? `${text}.0` : text
}

function formatText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return quoted(text)
  return `${quoted(startOf(text, maxLength))}… (${formatBytes(Buffer.byteLength(text))})`
}

function formatBlob(bytes: Uint8Array, maxLength: number): string {
  const shown = Math.floor(maxLength / 2)
  const hex = Buffer.from(bytes.subarray(0, shown)).toString('hex')
  return bytes.length <= shown ? `x'${hex}'` : `x'${hex}…' (${formatBytes(bytes.length)})`
}
