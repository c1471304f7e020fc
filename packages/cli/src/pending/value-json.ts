import { RawText, type SqlValue } from '@tidemark/protocol'
import { startOf } from '../printable.ts'

/** Of texts in characters and of blobs in bytes: longer ones are cut, where nobody asks for more. */
export const MAX_JSON_LENGTH = 500

/**
 * A value as JSON: null, a number, a text. What JSON has no word for is an object that names its kind, and so
 * is what was cut; `bytes` is its whole size then.
 */
export type JsonValue =
  | null
  | number
  | string
  | { readonly integer: string }
  | { readonly real: 'Infinity' | '-Infinity' }
  | { readonly text: string; readonly bytes: number }
  /** In hexadecimal, as is text that is not UTF-8. */
  | { readonly blob: string; readonly bytes?: number }
  | { readonly rawText: string; readonly bytes?: number }

export function jsonValue(value: SqlValue, maxLength: number): JsonValue {
  if (value === null) return null
  if (typeof value === 'bigint') return jsonInteger(value)
  if (typeof value === 'number') return jsonReal(value)
  if (typeof value === 'string') return jsonText(value, maxLength)
  if (!(value instanceof RawText)) return { blob: hexOf(value, maxLength), ...sizeIfCut(value, maxLength) }
  return { rawText: hexOf(value.bytes, maxLength), ...sizeIfCut(value.bytes, maxLength) }
}

function jsonInteger(value: bigint): JsonValue {
  return Number.isSafeInteger(Number(value)) ? Number(value) : { integer: String(value) }
}

function jsonReal(value: number): JsonValue {
  return Number.isFinite(value) ? value : { real: value > 0 ? 'Infinity' : '-Infinity' }
}

/** A text, also one that is no value. */
export function jsonText(
  text: string,
  maxLength: number,
): string | { readonly text: string; readonly bytes: number } {
  if (text.length <= maxLength) return text
  return { text: startOf(text, maxLength), bytes: Buffer.byteLength(text) }
}

function hexOf(bytes: Uint8Array, maxLength: number): string {
  return Buffer.from(bytes.subarray(0, maxLength)).toString('hex')
}

function sizeIfCut({ length }: Uint8Array, maxLength: number): { readonly bytes?: number } {
  return length > maxLength ? { bytes: length } : {}
}
