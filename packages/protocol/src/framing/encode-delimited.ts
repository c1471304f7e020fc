import { varintLength, writeVarint } from './varint.ts'

/** The message behind its length as a varint. */
export function encodeDelimited(message: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(varintLength(message.byteLength) + message.byteLength)
  bytes.set(message, writeVarint(bytes, 0, message.byteLength))
  return bytes
}
