import fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { adminDatabases } from '../admin/databases.ts'
import { ProtocolError } from '@tidemark/protocol'
import { explainDiskFailure, isDiskFailure } from '../disk-failure.ts'
import { allowOrigins } from './cors.ts'
import { health } from './endpoints/health.ts'
import { pageHashes } from './endpoints/page-hashes.ts'
import { pullUpdates } from './endpoints/pull-updates.ts'
import { pushChanges } from './endpoints/push-changes.ts'
import { replicaFrames } from './endpoints/replica-frames.ts'
import { serverInfo } from './endpoints/server-info.ts'
import { sql } from './endpoints/sql.ts'
import { errorResponse, notFound, sendBody, sendBodyAndClose } from './error-response.ts'
import { metrics } from './metrics.ts'
import type { ServerContext } from './server-context.ts'

/** What one database is asked; served under `/db/<name>` and at the root. */
const DATABASE_ENDPOINTS = [pullUpdates, pushChanges, pageHashes, sql, replicaFrames, serverInfo]

/**
 * No endpoint has a schema of Fastify's: bodies are checked by those who read them. Told so, Fastify does not
 * load its compilers of schemas, which is a quarter of what a main process does until it listens.
 */
const NO_SCHEMAS = { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } }

function refuseSchema(): never {
  throw new TypeError('endpoints have no schemas')
}

/** The HTTP side of the server. It does no work on databases: the workers do. */
export function buildApp(context: ServerContext): FastifyInstance {
  const { config, log } = context
  const app: FastifyInstance = fastify({
    logger: false,
    schemaController: NO_SCHEMAS,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
    routerOptions: { maxParamLength: 200, ignoreDuplicateSlashes: true },
    http: {
      maxHeaderSize: 16 * 1024,
      // Bodies are watched by their readers.
      requestTimeout: 0,
      headersTimeout: config.requestTimeoutMs,
      connectionsCheckingInterval: Math.max(config.requestTimeoutMs / 2, 500),
    },
  })
  app.server.maxConnections = config.maxConnections
  // Bodies are read by the endpoints, as streams and with bounds of their own.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply))
  app.setNotFoundHandler(async (request, reply) => {
    return sendBody(reply.status(404), notFound(pathOf(request)))
  })
  app.addHook('onRequest', (request, _reply, done) => {
    // A proxy in front may have gone by the other one (RFC 9112, 3.2).
    const hasTwo = (request.raw.headersDistinct['host'] ?? []).length > 1
    done(hasTwo ? new ProtocolError('There is more than one Host header') : undefined)
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    // A connection that is kept alive would hold up the end of a server that stopped listening while it answered.
    if (!app.server.listening) reply.header('connection', 'close')
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const fields = {
      method: request.method,
      path: pathOf(request),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    }
    log.info({ ...fields, address: request.ip }, 'request')
    done()
  })
  if (config.corsOrigins.length > 0) allowOrigins(app, config.corsOrigins)
  metrics(app, context)
  health(app, context)
  adminDatabases(app, context)
  for (const endpoint of DATABASE_ENDPOINTS) {
    endpoint(app, context)
    app.register(
      async (scope) => {
        endpoint(scope, context)
      },
      { prefix: '/db/:name' },
    )
  }
  return app

  function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { status, headers, body } = errorResponse(error)
    if (status >= 500) {
      const level = status === 503 && !isDiskFailure(explainDiskFailure(error)) ? 'warn' : 'error'
      log[level]({ err: error, method: request.method, path: pathOf(request) }, 'request failed')
    }
    reply.status(status).headers(headers)
    // Where the body was not read to its end, the connection cannot be used again.
    return request.raw.complete
      ? sendBody(reply, body)
      : sendBodyAndClose(reply.header('connection', 'close'), body, request.raw)
  }
}

/** Without the query, which may carry what is not for logs. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]!
}
