import protobuf from 'protobufjs/minimal.js'

interface GeneratedMessage<T> {
  encode(message: T, writer?: protobuf.Writer): protobuf.Writer
}

export function encodeMessage<T>(type: GeneratedMessage<T>, message: T): Uint8Array {
  return type.encode(message).finish()
}

/** The messages, each behind its length. */
export function encodeDelimitedMessages<T>(type: GeneratedMessage<T>, messages: readonly T[]): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const message of messages) type.encode(message, writer.fork()).ldelim()
  return writer.finish()
}

/** The message behind its length. */
export function encodeDelimitedMessage<T>(type: GeneratedMessage<T>, message: T): Uint8Array {
  return encodeDelimitedMessages(type, [message])
}
