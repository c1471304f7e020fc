import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { cutWhenSilent } from './cut-when-silent.ts'

/**
 * Answers with a stream, or with bytes that are there already. Where a stream fails half-way the connection
 * is destroyed, so that no client takes what it has for the whole; a client that takes nothing for
 * `silenceMs` is cut off.
 */
export function sendStream(
  reply: FastifyReply,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: {
    readonly contentType: string
    readonly contentLength: number | null
    readonly silenceMs: number
  },
): FastifyReply {
  const { socket } = reply.raw
  if (socket !== null) {
    const endWatch = cutWhenSilent(socket, options.silenceMs)
    // At the end of an answer Node begins to wait for the next request, with a timeout of its own, which is to stay.
    reply.raw.prependOnceListener('finish', endWatch).once('close', endWatch)
  }
  reply.header('content-type', options.contentType)
  if (options.contentLength !== null) reply.header('content-length', options.contentLength)
  return reply.send(
    body instanceof Uint8Array ? body : Readable.from(body, { objectMode: false, highWaterMark: 0 }),
  )
}
