import type { IncomingMessage } from 'node:http'
import { BusyError, LimitError, ProtocolError } from '@tidemark/protocol'
import type { BodyMemory } from './body-memory.ts'
import { cutWhenSilent } from './cut-when-silent.ts'

/**
 * The body's pieces as they arrive. The request is cut off when the client is silent for `silenceMs`.
 *
 * @throws LimitError as soon as the body is seen to be larger than `maxBytes`; ProtocolError when it ends early
 */
export async function* bodyPieces(
  request: IncomingMessage,
  maxBytes: number,
  silenceMs: number,
): AsyncGenerator<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > maxBytes)
    throw new LimitError(`The body has ${announced} bytes, at most ${maxBytes} are accepted`)
  if (request.headers['content-encoding'] !== undefined)
    throw new ProtocolError('Encoded bodies are not understood')
  if (request.complete && request.readableLength <= maxBytes) {
    // It came with its headers: nothing is waited for.
    const whole = request.read() as Buffer | null
    if (whole !== null) yield whole
    return
  }
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
 * Runs `use` with the whole body, which counts against `memory` meanwhile.
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
  let taken = 0
  try {
    for await (const piece of bodyPieces(request, maxBytes, silenceMs)) {
      if (!memory.take(piece.length)) throw new BusyError('Too much is being received at the same time')
      taken += piece.length
      pieces.push(piece)
    }
    return await use(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
  } finally {
    memory.release(taken)
  }
}
