import type { ServerInfo } from '@tidemark/protocol'
import type { FastifyInstance } from 'fastify'
import { version } from '../../version.ts'
import { findDatabase } from '../find-database.ts'
import type { ServerContext } from '../server-context.ts'

const FEATURES = [
  'pull-deltas',
  'push-changes',
  'conflict-detection',
  'page-hashes',
  'long-poll',
  'page-selector',
] as const

/** `GET /tidemark`: says that this is a Tidemark server, and what it can do. */
export function serverInfo(app: FastifyInstance, context: ServerContext): void {
  const { maxPushBytes, maxWalPages } = context.config
  app.route({
    method: 'GET',
    url: '/tidemark',
    handler: async (request): Promise<ServerInfo> => {
      const { database } = await findDatabase(context, request, 'read')
      const limits = { max_push_bytes: maxPushBytes, max_wal_pages: maxWalPages }
      return { tidemark: 1, version: version(), database: database.name, features: FEATURES, limits }
    },
  })
}
