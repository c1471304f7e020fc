import type { IncomingMessage } from 'node:http'
import { BusyError, LimitError, ProtocolError } from '@tidemark/protocol'
import type { BodyMemory } from './body-memory.ts'
import { cutWhenSilent } from './cut-when-silent.ts'

const NO_BYTES = Buffer.alloc(0)
/**
 * Of each body, so that slow senders of large ones do not keep short requests out. `maxConnections` bounds how often.
 */
const BYTES_OUTSIDE_MEMORY = 16 * 1024

/**
 * The body, where all of it has come with the headers, as a short one does; null: its {@link bodyPieces} are
 * to be waited for. To be called once.
 *
 * @throws LimitError when it will be larger than `maxBytes`; ProtocolError when it is encoded
 */
export function arrivedBody(request: IncomingMessage, maxBytes: number): Buffer | null {
  const { headers, readableLength } = request
  const announced = Number(headers['content-length'] ?? 0)
  if (announced > maxBytes)
    throw new LimitError(`The body has ${announced} bytes, at most ${maxBytes} are accepted`)
  if (headers['content-encoding'] !== undefined) throw new ProtocolError('Encoded bodies are not understood')
  // That it is complete is only noticed after its last byte has been passed on.
  const isWhole = announced > 0 ? readableLength === announced : request.complete && readableLength === 0
  if (!isWhole) return null
  const body = (request.read() as Buffer | null) ?? NO_BYTES
  // To the end, which follows its last byte.
  request.resume()
  return body
}

/**
 * The body's pieces as they arrive, for one that {@link arrivedBody} does not have. The request is cut off
 * when the client is silent for `silenceMs`.
 *
 * @throws LimitError as soon as the body is seen to be larger than `maxBytes`; ProtocolError when it ends early
 */
export async function* bodyPieces(
  request: IncomingMessage,
  maxBytes: number,
  silenceMs: number,
): AsyncGenerator<Buffer> {
  const endWatch = cutWhenSilent(request.socket, silenceMs)
  let length = 0
  try {
    // Left open where it is not read to its end, so that the client can be told why.
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += piece.length
      if (length > maxBytes) throw new LimitError(`The body is larger than ${maxBytes} bytes`)
      yield piece
    }
  } catch (error) {
    if (error instanceof LimitError) throw error
    throw new ProtocolError('The body was cut off', { cause: error })
  } finally {
    endWatch()
  }
}

export interface BodyLimits {
  readonly maxBytes: number
  readonly silenceMs: number
  readonly memory: BodyMemory
}

/**
 * Runs `use` with the whole body, which counts against `memory` meanwhile, but for its beginning.
 *
 * @throws as {@link bodyPieces}; BusyError when bodies of other requests take all the memory
 */
export async function withBody<T>(
  request: IncomingMessage,
  limits: BodyLimits,
  use: (body: Buffer) => Promise<T>,
): Promise<T> {
  const { maxBytes, silenceMs, memory } = limits
  const pieces: Buffer[] = []
  let length = 0
  let taken = 0
  const keep = (piece: Buffer): void => {
    length += piece.length
    const wanted = Math.max(length - BYTES_OUTSIDE_MEMORY, 0)
    if (!memory.take(wanted - taken)) throw new BusyError('Too much is being received at the same time')
    taken = wanted
    pieces.push(piece)
  }
  try {
    const arrived = arrivedBody(request, maxBytes)
    if (arrived !== null) keep(arrived)
    else for await (const piece of bodyPieces(request, maxBytes, silenceMs)) keep(piece)
    const body = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
    // They would be kept beside it.
    pieces.length = 0
    return await use(body)
  } finally {
    memory.release(taken)
  }
}
