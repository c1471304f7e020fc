import type { FastifyInstance } from 'fastify'
import { spoolBody } from '../../push/spool-push.ts'
import { clientGone } from '../client-gone.ts'
import { findDatabase } from '../find-database.ts'
import { bodyPieces } from '../read-body.ts'
import type { ServerContext } from '../server-context.ts'

/** `POST /push-changes`. */
export function pushChanges(app: FastifyInstance, context: ServerContext): void {
  const { bodyMemory, config, pool, spoolDirectory } = context
  app.route({
    method: 'POST',
    url: '/push-changes',
    handler: async (request, reply) => {
      const { database, caller } = await findDatabase(context, request, 'write')
      const signal = clientGone(reply)
      const pieces = bodyPieces(request.raw, config.maxPushBytes, config.requestTimeoutMs)
      const body = await spoolBody(pieces, spoolDirectory, bodyMemory)
      const args = { database, caller, file: body.file }
      let response: Uint8Array
      try {
        const answer = await pool.call('push', database, args, { bytes: body.bytes, signal })
        response = answer.bytes
      } finally {
        await body.remove()
      }
      return reply.header('content-type', 'application/protobuf').send(response)
    },
  })
}
