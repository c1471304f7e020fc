/** Pushes whose checksums are right whatever they hold: damage that a mere bit flip never gets past the checksums. */
import {
  decompress,
  DelimitedDecoder,
  encodeDelimited,
  PROTOCOL_LIMITS,
  WAL_CHECKSUM_SEED,
  walChecksum,
} from '@tidemark/protocol'
import { field, varint } from './mutate-bytes.ts'

const HEADER = 1
const BLOCK = 2
const END = 3

/** The body with its blocks' content passed through `edit`, and everything sealed again. */
export function resealPush(
  body: Uint8Array,
  edit: { readonly header: (bytes: Buffer) => Buffer; readonly block: (raw: Buffer) => Buffer },
): Buffer {
  const messages = new DelimitedDecoder({ maxMessageBytes: PROTOCOL_LIMITS.maxBlockBytes }).push(body)
  const sealed: Uint8Array[] = []
  const out: Uint8Array[] = []
  let end: Buffer = Buffer.alloc(0)
  for (const message of messages) {
    const [{ number, payload }] = fieldsOf(message) as [Field]
    if (number === HEADER) {
      const edited = field(HEADER, edit.header(payload))
      sealed.push(edited)
      out.push(encodeDelimited(edited))
    } else if (number === BLOCK) {
      const raw = edit.block(contentOf(payload))
      const checksum = checksumOf([raw])
      sealed.push(checksum)
      const block = Buffer.concat([varint(2 * 8), varint(raw.length), field(3, checksum), field(4, raw)])
      out.push(encodeDelimited(field(BLOCK, block)))
    } else end = payload
  }
  const count = end.subarray(0, end.indexOf(0x12))
  out.push(encodeDelimited(field(END, Buffer.concat([count, field(2, checksumOf(sealed))]))))
  return Buffer.concat(out)
}

function contentOf(block: Buffer): Buffer {
  const fields = fieldsOf(block)
  const payload = fields.find(({ number }) => number === 4)!.payload
  const isCompressed = fields.some(({ number, value }) => number === 1 && value === 1)
  return Buffer.from(isCompressed ? decompress(payload, { maxBytes: 1 << 24 }) : payload)
}

/** The checksum of docs/wire-format.md over byte strings. */
function checksumOf(parts: readonly Uint8Array[]): Buffer {
  const padded = parts.flatMap((part) => [part, new Uint8Array((8 - (part.byteLength % 8)) % 8)])
  const [first, second] = walChecksum(Buffer.concat(padded), WAL_CHECKSUM_SEED, false)
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(first, 0)
  bytes.writeUInt32LE(second, 4)
  return bytes
}

interface Field {
  readonly number: number
  readonly value: number
  readonly payload: Buffer
}

/** Fields of an honest message: varints and bytes. */
function fieldsOf(message: Uint8Array): Field[] {
  const bytes = Buffer.from(message)
  const fields: Field[] = []
  let offset = 0
  const next = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[offset++]!
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (offset < bytes.length) {
    const tag = next()
    const value = next()
    const length = tag % 8 === 2 ? value : 0
    fields.push({ number: tag >>> 3, value, payload: bytes.subarray(offset, offset + length) })
    offset += length
  }
  return fields
}
