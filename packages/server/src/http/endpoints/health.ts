import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../server-context.ts'

/** Whoever asks gives up soon himself, and is to learn why. */
const READY_WITHIN_MS = 1000
const NOT_READY = {
  status: 'not ready',
  reason: `no worker answered within ${READY_WITHIN_MS} ms: each runs a statement, or is being started`,
}

/**
 * `GET /health`, `/health/live`: the process answers. `GET /health/ready`: its workers do too. Nobody needs a
 * token for these.
 */
export function health(app: FastifyInstance, context: ServerContext): void {
  app.route({ method: 'GET', url: '/health', handler: async () => ({ status: 'ok' }) })
  app.route({ method: 'GET', url: '/health/live', handler: async () => ({ status: 'ok' }) })
  app.route({
    method: 'GET',
    url: '/health/ready',
    handler: async (_, reply) => {
      const isReady = await context.pool.isReady(READY_WITHIN_MS)
      return isReady ? reply.send({ status: 'ok' }) : reply.status(503).send(NOT_READY)
    },
  })
}
