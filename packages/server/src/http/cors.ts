import type { FastifyInstance } from 'fastify'

const METHODS = 'GET, POST, DELETE, OPTIONS'
const PREFLIGHT_SECONDS = '86400'

/** Lets browsers call from these origins; `*` is any. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return
    reply.header('access-control-allow-origin', origins.includes('*') ? '*' : origin).header('vary', 'origin')
    if (request.method !== 'OPTIONS') return
    reply
      .header('access-control-allow-methods', METHODS)
      .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
      .header('access-control-max-age', PREFLIGHT_SECONDS)
    return reply.status(204).send()
  })
}
