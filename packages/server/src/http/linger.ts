import type { IncomingMessage } from 'node:http'

/** What is read of a body that nobody wants, at most: enough for a client that looks for an answer while it sends. */
const MAX_BYTES = 16 * 1024 * 1024
const MAX_MS = 2000

/**
 * The answer to a request whose body has not been read to its end, and its end when that has come, or enough
 * of it: a connection that is closed with something unread is reset, and a client that still sends learns of
 * that alone, not of the answer.
 */
export async function* whileBodyComes(
  answer: Uint8Array,
  request: IncomingMessage,
): AsyncGenerator<Uint8Array> {
  yield answer
  if (!request.destroyed) await drained(request)
}

async function drained(request: IncomingMessage): Promise<void> {
  let left = MAX_BYTES
  return new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer)
      request.off('data', take).off('end', stop).off('close', stop).pause()
      resolve()
    }
    const take = (piece: Buffer): void => {
      left -= piece.length
      if (left < 0) stop()
    }
    const timer = setTimeout(stop, MAX_MS)
    request.on('data', take).once('end', stop).once('close', stop).resume()
  })
}
