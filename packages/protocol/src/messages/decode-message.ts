import protobuf from 'protobufjs/minimal.js'
import { ProtocolError } from '../errors.ts'

const LENGTH_DELIMITED = 2
const EMPTY = new Uint8Array(0)

interface GeneratedMessage<T> {
  decode(reader: protobuf.Reader): T
}

/** One field of a message; `payload` is empty unless the field is length-delimited. */
export interface FieldSpan {
  readonly number: number
  readonly payload: Uint8Array
}

/**
 * Decodes a protobuf message of at most `maxFields` fields. Submessages with repeated fields are to be checked with
 * {@link messageFields} first: in memory a field takes up to a hundred times its bytes on the wire.
 *
 * @throws ProtocolError if the bytes are not such a message
 */
export function decodeMessage<T>(
  type: GeneratedMessage<T>,
  bytes: Uint8Array,
  name: string,
  maxFields = 64,
): T {
  messageFields(bytes, name, maxFields)
  try {
    return type.decode(protobuf.Reader.create(asBuffer(bytes)))
  } catch (cause) {
    throw new ProtocolError(`${name} is malformed`, { cause })
  }
}

/** The fields of a message, in order, without their submessages. @throws ProtocolError as {@link decodeMessage} */
export function messageFields(bytes: Uint8Array, name: string, maxFields: number): FieldSpan[] {
  const fields: FieldSpan[] = []
  for (const field of iterateFields(bytes, name)) {
    if (fields.length === maxFields) throw new ProtocolError(`${name} has more than ${maxFields} fields`)
    fields.push(field)
  }
  return fields
}

/** The fields of a message one at a time. @throws ProtocolError if the bytes are not a message */
export function* iterateFields(bytes: Uint8Array, name: string): Generator<FieldSpan, void, undefined> {
  const reader = protobuf.Reader.create(asBuffer(bytes))
  while (reader.pos < reader.len) yield readField(reader, name)
}

function readField(reader: protobuf.Reader, name: string): FieldSpan {
  try {
    const tag = reader.tag()
    const wireType = tag & 7
    const number = tag >>> 3
    if (wireType === LENGTH_DELIMITED && number > 0) return { number, payload: reader.bytes() }
    reader.skipType(wireType, 0, number)
    return { number, payload: EMPTY }
  } catch (cause) {
    throw new ProtocolError(`${name} is malformed`, { cause })
  }
}

/** protobufjs reads strings of a Buffer faster, and gives views instead of copies. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
