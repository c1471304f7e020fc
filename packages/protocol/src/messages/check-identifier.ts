import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'

/** A revision or a client id as received. @throws LimitError if it is too long */
export function checkIdentifier(value: string, field: string): string {
  if (value.length > PROTOCOL_LIMITS.identifierLength) {
    throw new LimitError(`${field} is longer than ${PROTOCOL_LIMITS.identifierLength}`)
  }
  return value
}

/** @throws ProtocolError if the bytes have another length */
export function checkLength(bytes: Uint8Array, length: number, field: string): Uint8Array {
  if (bytes.byteLength !== length) {
    throw new ProtocolError(`${field} has ${bytes.byteLength} bytes instead of ${length}`)
  }
  return bytes
}
