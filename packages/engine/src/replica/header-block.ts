import { ProtocolError, walChecksum } from '@tidemark/protocol'

/**
 * The first block of `-changes` and `-replay`: what the file is and what it holds, with checksums over the rest. It is
 * written last.
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 16 | magic, ASCII, padded with zeros; names the format's version |
 * | 16 | 4 | length of the JSON text, little-endian |
 * | 20 | … | JSON text, UTF-8, padded with zeros to 4088 |
 * | 4088 | 8 | WAL checksum of the bytes before |
 */
export const HEADER_BLOCK_SIZE = 4096
const CHECKSUM_OFFSET = HEADER_BLOCK_SIZE - 8
const JSON_OFFSET = 20

export function encodeHeaderBlock(magic: string, content: object): Buffer {
  const bytes = Buffer.alloc(HEADER_BLOCK_SIZE)
  const json = Buffer.from(JSON.stringify(content))
  if (json.length > CHECKSUM_OFFSET - JSON_OFFSET)
    throw new ProtocolError(`header of ${json.length} bytes does not fit`)
  bytes.write(magic, 0, 16, 'ascii')
  bytes.writeUInt32LE(json.length, 16)
  json.copy(bytes, JSON_OFFSET)
  const [s0, s1] = walChecksum(bytes.subarray(0, CHECKSUM_OFFSET), [0, 0], false)
  bytes.writeUInt32LE(s0, CHECKSUM_OFFSET)
  bytes.writeUInt32LE(s1, CHECKSUM_OFFSET + 4)
  return bytes
}

/** The block's content, or null where the block was never written whole or is another format's. */
export function decodeHeaderBlock(magic: string, bytes: Buffer): unknown {
  if (bytes.length < HEADER_BLOCK_SIZE) return null
  if (bytes.toString('ascii', 0, 16).replace(/\0+$/, '') !== magic) return null
  const [s0, s1] = walChecksum(bytes.subarray(0, CHECKSUM_OFFSET), [0, 0], false)
  if (bytes.readUInt32LE(CHECKSUM_OFFSET) !== s0 || bytes.readUInt32LE(CHECKSUM_OFFSET + 4) !== s1)
    return null
  return JSON.parse(bytes.toString('utf8', JSON_OFFSET, JSON_OFFSET + bytes.readUInt32LE(16)))
}
