import type { FastifyInstance } from 'fastify'
import { BodySpool } from '../../push/body-spool.ts'
import { clientGone } from '../client-gone.ts'
import { findDatabase } from '../find-database.ts'
import { bodyPieces } from '../read-body.ts'
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
      const pieces = bodyPieces(request.raw, config.maxPushBytes, config.requestTimeoutMs)
      const spool = new BodySpool(spoolDirectory, bodyMemory)
      let response: Uint8Array
      try {
        const { bytes, rest } = await spool.receive(pieces)
        const args = { database, caller, isWhole: rest === null }
        const answer = await pool.call('push', database, args, { bytes, rest, signal })
        response = answer.bytes
      } finally {
        await spool.remove()
      }
      return reply.header('content-type', 'application/protobuf').send(response)
    },
  })
}
