import type { FastifyInstance } from 'fastify'
import { clientGone } from '../client-gone.ts'
import { findDatabase } from '../find-database.ts'
import { withBody } from '../read-body.ts'
import { sendStream } from '../send-stream.ts'
import { bodyLimits } from '../server-context.ts'
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
      const signal = clientGone(reply)
      const answer = await withBody(request.raw, bodyLimits(context, MAX_REQUEST_BYTES), async (bytes) =>
        pool.call('pageHashes', database, { database }, { bytes, signal }),
      )
      return sendStream(reply, answer.bytes, {
        contentType: 'application/protobuf',
        contentLength: answer.bytes.byteLength,
        silenceMs: config.requestTimeoutMs,
      })
    },
  })
}
