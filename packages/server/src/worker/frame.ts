import { ProtocolError } from '@tidemark/protocol'

/**
 * Frames between the server's main process and its workers, over a socket pair. Little-endian:
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 4 | length of what follows this field |
 * | 4 | 1 | kind, index in {@link KINDS} |
 * | 5 | 4 | number of the call |
 * | 9 | 4 | length of the JSON |
 * | 13 | | JSON, UTF-8 |
 * | … | | bytes |
 *
 * To a worker: `call` begins one; where its bytes come in pieces, `piece`s and `end` follow; `credit` lets the worker send one chunk more; `cancel` says that nobody
 * waits for the answer any more. From a worker: `result` or `error` ends a call; or `head`, then `chunk`s, then `end` or `error`. `log` belongs to no call.
 */
const KINDS = ['call', 'piece', 'credit', 'cancel', 'result', 'error', 'head', 'chunk', 'end', 'log'] as const

export type FrameKind = (typeof KINDS)[number]

export interface Frame {
  readonly kind: FrameKind
  readonly callId: number
  /** Anything that JSON can carry. */
  readonly json: unknown
  readonly bytes: Uint8Array
}

const HEADER_SIZE = 13
const NO_BYTES = new Uint8Array(0)

/** The frame in front of its bytes, which are to be written behind it. */
export function encodeFrameHead(frame: Frame): Buffer {
  const json = frame.json === undefined ? '' : JSON.stringify(frame.json)
  const jsonLength = Buffer.byteLength(json)
  const head = Buffer.allocUnsafe(HEADER_SIZE + jsonLength)
  head.writeUInt32LE(HEADER_SIZE - 4 + jsonLength + frame.bytes.byteLength, 0)
  head.writeUInt8(KINDS.indexOf(frame.kind), 4)
  head.writeUInt32LE(frame.callId, 5)
  head.writeUInt32LE(jsonLength, 9)
  head.write(json, HEADER_SIZE)
  return head
}

/** Puts frames together from the pieces in which a socket delivers them. */
export class FrameDecoder {
  #pieces: Buffer[] = []
  #length = 0

  #peekLength(): number {
    if (this.#pieces[0]!.length < 4) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0]!.readUInt32LE(0)
  }

  /** The frames that this piece completes. Their bytes belong to the caller. */
  *push(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece)
    this.#length += piece.length
    while (this.#length >= 4) {
      const size = 4 + this.#peekLength()
      if (this.#length < size) return
      const joined = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
      const rest = joined.subarray(size)
      this.#pieces = rest.length === 0 ? [] : [rest]
      this.#length = rest.length
      yield decodeFrame(joined.subarray(0, size))
    }
  }
}

function decodeFrame(bytes: Buffer): Frame {
  const kind = KINDS[bytes.readUInt8(4)]
  const jsonEnd = HEADER_SIZE + bytes.readUInt32LE(9)
  if (kind === undefined || jsonEnd > bytes.length) {
    throw new ProtocolError('malformed frame between server and worker', { recovery: 'bug' })
  }
  return {
    kind,
    callId: bytes.readUInt32LE(5),
    json:
      jsonEnd === HEADER_SIZE
        ? undefined
        : (JSON.parse(bytes.toString('utf8', HEADER_SIZE, jsonEnd)) as unknown),
    bytes: jsonEnd === bytes.length ? NO_BYTES : bytes.subarray(jsonEnd),
  }
}
