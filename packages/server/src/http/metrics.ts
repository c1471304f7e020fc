import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import type { ServerContext } from './server-context.ts'

const START = performance.now()
/** Of the probe that looks how late it comes. */
const PROBE_INTERVAL_MS = 10

/** `GET /metrics`, for Prometheus (text format 0.0.4). For tokens with the scope `admin` on `*`. */
export function metrics(app: FastifyInstance, context: ServerContext): void {
  const { authority, catalog, pool } = context
  const byStatus = new Map<number, number>()
  let inFlight = 0
  let seconds = 0
  const probe = monitorEventLoopDelay({ resolution: PROBE_INTERVAL_MS })
  probe.enable()
  app.addHook('onClose', async () => void probe.disable())
  /** Since the last time it was asked for. */
  const takeDelays = (): readonly (readonly [labels: string, seconds: number])[] => {
    const delays = [50, 99, 100].map((percentile) => {
      const lateMs = Math.max(probe.percentile(percentile) / 1e6 - PROBE_INTERVAL_MS, 0)
      return [`{quantile="${percentile / 100}"}`, lateMs / 1000] as const
    })
    probe.reset()
    return delays
  }

  app.addHook('onRequest', (_request, reply, done) => {
    inFlight += 1
    reply.raw.once('close', () => {
      inFlight -= 1
    })
    done()
  })
  app.addHook('onResponse', (_request, reply, done) => {
    seconds += reply.elapsedTime / 1000
    byStatus.set(reply.statusCode, (byStatus.get(reply.statusCode) ?? 0) + 1)
    done()
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
        ...metric(
          'event_loop_delay_seconds',
          'gauge',
          'How late the main process’s event loop is, since the last scrape.',
          takeDelays(),
        ),
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
