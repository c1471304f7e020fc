import type { FastifyInstance } from 'fastify'
import { clientGone } from '../client-gone.ts'
import { findDatabase } from '../find-database.ts'
import { withBody } from '../read-body.ts'
import { sendStream } from '../send-stream.ts'
import { bodyLimits } from '../server-context.ts'
import type { ServerContext } from '../server-context.ts'

const CURSOR_TYPE = 'application/x-ndjson'

/** SQL over HTTP: `/v2/pipeline`, `/v3/pipeline`, `/v3/cursor`, and `GET` of the versions that are served. */
export function sql(app: FastifyInstance, context: ServerContext): void {
  const { config, pool } = context
  for (const version of ['/v2', '/v3']) {
    app.route({ method: 'GET', url: version, handler: async (_, reply) => reply.send({}) })
    app.route({
      method: 'POST',
      url: `${version}/pipeline`,
      handler: async (request, reply) => {
        const { database, caller } = await findDatabase(context, request, 'read')
        const signal = clientGone(reply)
        const answer = await withBody(request.raw, bodyLimits(context, config.maxSqlBytes), async (bytes) =>
          pool.call('pipeline', database, { database, caller }, { bytes, signal }),
        )
        return sendStream(reply, answer.bytes.byteLength > 0 ? answer.bytes : answer.chunks, {
          contentType: 'application/json',
          contentLength: answer.result.contentLength,
          silenceMs: config.requestTimeoutMs,
        })
      },
    })
  }
  app.route({
    method: 'POST',
    url: '/v3/cursor',
    handler: async (request, reply) => {
      const { database, caller } = await findDatabase(context, request, 'read')
      const signal = clientGone(reply)
      const answer = await withBody(request.raw, bodyLimits(context, config.maxSqlBytes), async (bytes) =>
        pool.call('cursor', database, { database, caller }, { bytes, signal }),
      )
      return sendStream(reply, answer.chunks, {
        contentType: CURSOR_TYPE,
        contentLength: null,
        silenceMs: config.requestTimeoutMs,
      })
    },
  })
}
