import Long from 'long'
import { ProtocolError } from '../errors.ts'

/**
 * A non-negative safe integer for a 64-bit field. protobufjs takes only Long there: a bigint would be written
 * as 0 without an error.
 */
export function toWireInteger(value: number): Long {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ProtocolError(`${value} is not a whole number from 0 to 2^53 - 1`, { recovery: 'bug' })
  }
  return Long.fromNumber(value, true)
}

/** A 64-bit field as a safe integer. @throws ProtocolError above 2^53 - 1 */
export function fromWireInteger(value: Long, field: string): number {
  const integer = value.toUnsigned().toNumber()
  if (integer > Number.MAX_SAFE_INTEGER) throw new ProtocolError(`${field} is above 2^53`)
  return integer
}
