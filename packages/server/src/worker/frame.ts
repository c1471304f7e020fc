import { ProtocolError } from '@tidemark/protocol'

/**
 * Frames between the server's main process and its workers, over a socket pair each way. Little-endian:
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
 * To a worker: `call` begins one; where its bytes come in pieces, `piece`s and `end` follow; `credit` lets
 * the worker send one chunk more; `cancel` says that nobody waits for the answer any more. From a worker:
 * `result` or `error` ends a call; or `head`, then `chunk`s, then `end` or `error`. `log` belongs to no call.
 */
const KINDS = ['call', 'piece', 'credit', 'cancel', 'result', 'error', 'head', 'chunk', 'end', 'log'] as const

export type FrameKind = (typeof KINDS)[number]

export interface Frame {
  readonly kind: FrameKind
  readonly callId: number
  /** Anything that JSON can carry. */
  readonly json: unknown
  readonly bytes: Uint8Array
  /** Received, of a `chunk` only: the rest of its bytes follows, in frames that say the same, and one that does not. */
  readonly isPart?: true
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

/**
 * Puts frames together from the pieces in which a socket delivers them; chunks of an answer, which are large,
 * are passed on piece by piece.
 */
export class FrameDecoder {
  #pieces: Buffer[] = []
  #length = 0
  /** The chunk that is being passed on, and how many of its bytes are still to come. */
  #open: { readonly callId: number; left: number } | null = null

  #peekHeader(): Buffer {
    if (this.#pieces[0]!.length < HEADER_SIZE) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0]!
  }

  /** The frames that this piece completes, and what it has of a chunk. Their bytes belong to the caller. */
  *push(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece)
    this.#length += piece.length
    for (let frame = this.#next(); frame !== null; frame = this.#next()) yield frame
  }

  #next(): Frame | null {
    if (this.#open !== null) return this.#length === 0 ? null : this.#partOf(this.#open)
    if (this.#length < HEADER_SIZE) return null
    const header = this.#peekHeader()
    const size = 4 + header.readUInt32LE(0)
    if (this.#length >= size) return decodeFrame(this.#take(size))
    if (KINDS[header.readUInt8(4)] !== 'chunk' || this.#length === HEADER_SIZE) return null
    this.#open = { callId: header.readUInt32LE(5), left: size - HEADER_SIZE }
    this.#take(HEADER_SIZE)
    return this.#partOf(this.#open)
  }

  #partOf(chunk: { readonly callId: number; left: number }): Frame {
    const bytes = this.#take(Math.min(chunk.left, this.#length))
    chunk.left -= bytes.length
    const part = { kind: 'chunk', callId: chunk.callId, json: undefined, bytes } as const
    if (chunk.left > 0) return { ...part, isPart: true }
    this.#open = null
    return part
  }

  #take(size: number): Buffer {
    const joined = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
    const rest = joined.subarray(size)
    this.#pieces = rest.length === 0 ? [] : [rest]
    this.#length = rest.length
    return joined.subarray(0, size)
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
