import type { FastifyInstance } from 'fastify'
import type { ServerContext } from './server-context.ts'

const START = performance.now()

/** `GET /metrics`, for Prometheus (text format 0.0.4). For tokens with the scope `admin` on `*`. */
export function metrics(app: FastifyInstance, context: ServerContext): void {
  const { authority, catalog, pool } = context
  const byStatus = new Map<number, number>()
  let inFlight = 0
  let seconds = 0

  app.addHook('onRequest', async (_, reply) => {
    inFlight += 1
    reply.raw.once('close', () => {
      inFlight -= 1
    })
  })
  app.addHook('onResponse', async (_, reply) => {
    seconds += reply.elapsedTime / 1000
    byStatus.set(reply.statusCode, (byStatus.get(reply.statusCode) ?? 0) + 1)
  })

  app.route({
    method: 'GET',
    url: '/metrics',
    handler: async (request, reply) => {
      const principal = await authority.identify(request.headers.authorization)
      principal.requireAdmin()
      const { running, ended, pendingCalls } = pool.counts()
      const requests = [...byStatus].map(([status, count]) => [`{status="${status}"}`, count] as const)
      const lines = [
        ...metric('requests_total', 'counter', 'Requests answered.', requests),
        ...metric('request_seconds_total', 'counter', 'Time spent on them.', [['', seconds]]),
        ...metric('requests_in_flight', 'gauge', 'Requests being answered.', [['', inFlight]]),
        ...metric('databases', 'gauge', 'Databases.', [['', catalog.size]]),
        ...metric('workers', 'gauge', 'Worker processes running.', [['', running]]),
        ...metric('worker_ends_total', 'counter', 'Worker processes that ended before they were told to.', [
          ['', ended],
        ]),
        ...metric('worker_calls_pending', 'gauge', 'Calls that workers have not answered.', [
          ['', pendingCalls],
        ]),
        ...metric('resident_bytes', 'gauge', 'Memory of the main process.', [
          ['', process.memoryUsage.rss()],
        ]),
        ...metric('uptime_seconds', 'gauge', 'Since the process started.', [
          ['', (performance.now() - START) / 1000],
        ]),
      ]
      return reply.header('content-type', 'text/plain; version=0.0.4').send(`${lines.join('\n')}\n`)
    },
  })
}

function metric(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  values: readonly (readonly [labels: string, value: number])[],
): string[] {
  const full = `tidemark_${name}`
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...values.map(([labels, value]) => `${full}${labels} ${value}`),
  ]
}
