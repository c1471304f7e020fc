import type { FastifyInstance } from 'fastify'
import { clientGone } from '../client-gone.ts'
import { findDatabase } from '../find-database.ts'
import { readBody } from '../read-body.ts'
import type { ServerContext } from '../server-context.ts'

const MAX_REQUEST_BYTES = 4096

/** `POST /page-hashes`. */
export function pageHashes(app: FastifyInstance, context: ServerContext): void {
  const { config, pool } = context
  app.route({
    method: 'POST',
    url: '/page-hashes',
    handler: async (request, reply) => {
      const { database } = await findDatabase(context, request, 'read')
      const bytes = await readBody(request.raw, MAX_REQUEST_BYTES, config.requestTimeoutMs)
      const answer = await pool.call(
        'pageHashes',
        database,
        { database },
        { bytes, signal: clientGone(reply) },
      )
      return reply.header('content-type', 'application/protobuf').send(answer.bytes)
    },
  })
}
