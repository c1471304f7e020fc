import type { FastifyInstance } from 'fastify'
import { BodySpool } from '../../push/body-spool.ts'
import type { Beginning } from '../../push/body-spool.ts'
import { clientGone } from '../client-gone.ts'
import { findDatabase } from '../find-database.ts'
import { arrivedBody, bodyPieces } from '../read-body.ts'
import { sendStream } from '../send-stream.ts'
import type { ServerContext } from '../server-context.ts'

/** `POST /push-changes`. A large body is passed on to the worker while it arrives. */
export function pushChanges(app: FastifyInstance, context: ServerContext): void {
  const { bodyMemory, config, pool, spoolDirectory } = context
  app.route({
    method: 'POST',
    url: '/push-changes',
    handler: async (request, reply) => {
      const { database, caller } = await findDatabase(context, request, 'write')
      const signal = clientGone(reply)
      const push = async ({ bytes, rest }: Beginning): Promise<Uint8Array> => {
        const args = { database, caller, isWhole: rest === null }
        const answer = await pool.call('push', database, args, { bytes, rest, signal })
        return answer.bytes
      }
      let response: Uint8Array
      const arrived = arrivedBody(request.raw, config.maxPushBytes)
      if (arrived !== null && bodyMemory.take(arrived.length)) {
        try {
          response = await push({ bytes: arrived, rest: null })
        } finally {
          bodyMemory.release(arrived.length)
        }
      } else {
        const spool = new BodySpool(spoolDirectory, bodyMemory)
        const { maxPushBytes, requestTimeoutMs } = config
        const pieces = arrived === null ? bodyPieces(request.raw, maxPushBytes, requestTimeoutMs) : [arrived]
        try {
          response = await push(await spool.receive(pieces))
        } finally {
          await spool.remove()
        }
      }
      return sendStream(reply, response, {
        contentType: 'application/protobuf',
        contentLength: response.byteLength,
        silenceMs: config.requestTimeoutMs,
      })
    },
  })
}
