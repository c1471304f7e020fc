import { varintLength, writeVarint } from './varint.ts'

const LENGTH_DELIMITED = 2

/**
 * Parts of a message that are, one after another, the field of this number with `content` in it. For fields
 * that may be large: a protobuf writer would copy them each time that it grows, and once more to make room
 * for the length in front.
 */
export function lengthDelimitedField(field: number, content: readonly Uint8Array[]): Uint8Array[] {
  const length = lengthOf(content)
  const head = new Uint8Array(1 + varintLength(length))
  head[0] = (field << 3) | LENGTH_DELIMITED
  writeVarint(head, 1, length)
  return [head, ...content]
}

/** The parts of a message behind its length. */
export function delimitedParts(parts: readonly Uint8Array[]): Uint8Array[] {
  const length = lengthOf(parts)
  const head = new Uint8Array(varintLength(length))
  writeVarint(head, 0, length)
  return [head, ...parts]
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.byteLength, 0)
}
