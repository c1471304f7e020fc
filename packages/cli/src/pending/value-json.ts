import { RawText, type SqlValue } from '@tidemark/protocol'
import { wholeCharacters } from '../printable.ts'

/** Texts of more characters and blobs of more bytes are cut. */
const MAX_LENGTH = 500

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

export function jsonValue(value: SqlValue): JsonValue {
  if (value === null) return null
  if (typeof value === 'bigint') return jsonInteger(value)
  if (typeof value === 'number') return jsonReal(value)
  if (typeof value === 'string') return jsonText(value)
  if (!(value instanceof RawText)) return { blob: hexOf(value), ...sizeIfCut(value) }
  return { rawText: hexOf(value.bytes), ...sizeIfCut(value.bytes) }
}

function jsonInteger(value: bigint): JsonValue {
  return Number.isSafeInteger(Number(value)) ? Number(value) : { integer: String(value) }
}

function jsonReal(value: number): JsonValue {
  return Number.isFinite(value) ? value : { real: value > 0 ? 'Infinity' : '-Infinity' }
}

/** A text, also one that is no value. */
export function jsonText(text: string): string | { readonly text: string; readonly bytes: number } {
  if (text.length <= MAX_LENGTH) return text
  return { text: wholeCharacters(text.slice(0, MAX_LENGTH)), bytes: Buffer.byteLength(text) }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, MAX_LENGTH)).toString('hex')
}

function sizeIfCut({ length }: Uint8Array): { readonly bytes?: number } {
  return length > MAX_LENGTH ? { bytes: length } : {}
}
