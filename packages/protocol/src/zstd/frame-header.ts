import { ProtocolError } from '../errors.ts'

const FRAME_MAGIC = 0xfd2fb528
const DICTIONARY_MAGIC = 0xec30a437

/** Bytes of the content size field by its flag; flag 0 means one byte in a single-segment frame, else none. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const

/**
 * The content size that a zstd frame declares (RFC 8878, section 3.1.1.1), so that it can be refused before
 * any memory is taken.
 *
 * @throws ProtocolError if the bytes are not one zstd frame that declares its content size and needs no
 * trained dictionary
 */
export function frameContentSize(frame: Uint8Array): number {
  if (frame.byteLength < 6) throw new ProtocolError('zstd frame is cut off in its header')
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (view.getUint32(0, true) !== FRAME_MAGIC) throw new ProtocolError('not a zstd frame')
  const descriptor = view.getUint8(4)
  if ((descriptor & 0x08) !== 0) throw new ProtocolError('zstd frame uses a reserved bit')
  if ((descriptor & 0x03) !== 0) throw new ProtocolError('zstd frame names a trained dictionary')
  const singleSegment = (descriptor & 0x20) !== 0
  const flag = descriptor >>> 6
  const sizeBytes = flag === 0 && singleSegment ? 1 : CONTENT_SIZE_BYTES[flag]!
  if (sizeBytes === 0) throw new ProtocolError('zstd frame does not declare its content size')
  const offset = singleSegment ? 5 : 6
  if (offset + sizeBytes > frame.byteLength) throw new ProtocolError('zstd frame is cut off in its header')
  if (sizeBytes === 1) return view.getUint8(offset)
  if (sizeBytes === 2) return view.getUint16(offset, true) + 256
  if (sizeBytes === 4) return view.getUint32(offset, true)
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32
}

/**
 * Whether zstd would take these bytes for a trained dictionary instead of raw content: it does when they begin with
 * `37 A4 30 EC`. Bytes shorter than 8 are not used as a dictionary by zstd at all.
 */
export function looksLikeTrainedDictionary(bytes: Uint8Array): boolean {
  if (bytes.byteLength < 4) return false
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) === DICTIONARY_MAGIC
}
