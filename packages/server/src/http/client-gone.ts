import type { FastifyReply } from 'fastify'

/** Aborts when the connection closes before the answer was sent. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const abort = new AbortController()
  if (reply.raw.destroyed) abort.abort()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) abort.abort()
  })
  return abort.signal
}
