import type protobuf from 'protobufjs/minimal.js'
import { encodeDelimited } from '../framing/encode-delimited.ts'

interface GeneratedMessage<T> {
  encode(message: T): protobuf.Writer
}

export function encodeMessage<T>(type: GeneratedMessage<T>, message: T): Uint8Array {
  return type.encode(message).finish()
}

/** The message behind its length. */
export function encodeDelimitedMessage<T>(type: GeneratedMessage<T>, message: T): Uint8Array {
  return encodeDelimited(encodeMessage(type, message))
}
