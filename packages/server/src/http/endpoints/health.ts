import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../server-context.ts'

/** `GET /health`, `/health/live`: the process answers. `GET /health/ready`: its workers do too. Nobody needs a token for these. */
export function health(app: FastifyInstance, context: ServerContext): void {
  app.route({ method: 'GET', url: '/health', handler: async () => ({ status: 'ok' }) })
  app.route({ method: 'GET', url: '/health/live', handler: async () => ({ status: 'ok' }) })
  app.route({
    method: 'GET',
    url: '/health/ready',
    handler: async (_, reply) => {
      const isReady = await context.pool.isReady()
      return reply.status(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'not ready' })
    },
  })
}
