import type { IncomingMessage } from 'node:http'
import { LimitError, ProtocolError } from '@tidemark/protocol'
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
  const endWatch = cutWhenSilent(request.socket, silenceMs)
  let length = 0
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
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

/** The whole body. @throws as {@link bodyPieces} */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  silenceMs: number,
): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of bodyPieces(request, maxBytes, silenceMs)) pieces.push(piece)
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}
