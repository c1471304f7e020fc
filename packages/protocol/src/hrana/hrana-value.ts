import { ProtocolError } from '../errors.ts'
import { RawText } from '../value.ts'
import type { SqlValue } from '../value.ts'
import type { HranaValue } from './hrana-types.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** JSON has a negative zero, which JSON.parse reads; JSON.stringify writes it only when it is given as text. */
const NEGATIVE_ZERO = (JSON as unknown as { rawJSON(text: string): number }).rawJSON('-0.0')

/**
 * The Hrana form of a value, for JSON.stringify. JSON cannot carry some: ±Infinity becomes null, text that is
 * not UTF-8 gets U+FFFD.
 */
export function toHranaValue(value: SqlValue): HranaValue {
  if (value === null) return { type: 'null' }
  if (typeof value === 'bigint') return { type: 'integer', value: value.toString() }
  if (Object.is(value, -0)) return { type: 'float', value: NEGATIVE_ZERO }
  if (typeof value === 'number') return { type: 'float', value: Number.isFinite(value) ? value : null }
  if (typeof value === 'string') return { type: 'text', value }
  if (value instanceof RawText) return { type: 'text', value: viewOf(value.bytes).toString('utf8') }
  return { type: 'blob', base64: viewOf(value).toString('base64') }
}

/**
 * The value of a Hrana value, which must have the right form (see parseHranaValue for input).
 *
 * @throws ProtocolError for an integer beyond 64 bits, a float without a number (an infinity, whose sign is
 * lost), bad base64
 */
export function fromHranaValue(value: HranaValue): SqlValue {
  switch (value.type) {
    case 'null':
      return null
    case 'integer':
      return parseInteger(value.value)
    case 'float':
      if (value.value === null) throw new ProtocolError('a float is null: infinities cannot be sent in JSON')
      return value.value
    case 'text':
      return value.value
    case 'blob':
      return parseBase64(value.base64)
  }
}

function parseInteger(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw new ProtocolError('an integer is not a decimal string of 64 bits')
  const value = BigInt(text)
  if (value < INT64_MIN || value > INT64_MAX) {
    throw new ProtocolError(`integer ${text} does not fit into 64 bits`)
  }
  return value
}

/** Padding is optional. */
function parseBase64(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.length - padding
  const bytes = Buffer.from(text, 'base64')
  // Node skips characters that are not base64, which shows in the length.
  if (digits % 4 === 1 || bytes.byteLength !== Math.floor((digits * 3) / 4)) {
    throw new ProtocolError('a blob is not base64')
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
