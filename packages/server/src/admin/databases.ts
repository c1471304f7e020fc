import { ProtocolError } from '@tidemark/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { CatalogEntry } from '../catalog/catalog.ts'
import { errorResponse } from '../http/error-response.ts'
import type { ErrorBody } from '../http/error-response.ts'
import { withBody } from '../http/read-body.ts'
import { bodyLimits } from '../http/server-context.ts'
import type { ServerContext } from '../http/server-context.ts'

const MAX_REQUEST_BYTES = 4096
const DESCRIBED_AT_A_TIME = 16
const createSchema = z.strictObject({ name: z.string() })

/** A database as the admin API describes it. */
export interface DatabaseDescription {
  readonly name: string
  readonly id: string
  readonly createdAt: string
  readonly revision: string
  readonly sizeInPages: number
  /** Bytes of history. */
  readonly historyBytes: number
  /** Bytes on disk, the history among them. */
  readonly bytes: number
}

/** One that cannot be opened, in a list. */
export interface UnopenedDatabase extends Pick<DatabaseDescription, 'name' | 'id' | 'createdAt'> {
  readonly error: ErrorBody['error']
}

/** `/admin/v1/databases`: create, list, show, destroy. For tokens with the scope `admin` on `*`. */
export function adminDatabases(app: FastifyInstance, context: ServerContext): void {
  const { authority, catalog, log, pool } = context
  const authorise = async (request: FastifyRequest): Promise<void> =>
    (await authority.identify(request.headers.authorization)).requireAdmin()
  const nameOf = (request: FastifyRequest): string => (request.params as { readonly name: string }).name

  app.route({
    method: 'POST',
    url: '/admin/v1/databases',
    handler: async (request, reply) => {
      await authorise(request)
      const limits = bodyLimits(context, MAX_REQUEST_BYTES)
      const { name } = await withBody(request.raw, limits, async (body) => parseCreate(body))
      return reply.status(201).send(await describe(catalog.create(name)))
    },
  })

  app.route({
    method: 'GET',
    url: '/admin/v1/databases',
    handler: async (request) => {
      await authorise(request)
      return { databases: await describeAll() }
    },
  })

  app.route({
    method: 'GET',
    url: '/admin/v1/databases/:name',
    handler: async (request) => {
      await authorise(request)
      return describe(catalog.get(nameOf(request)))
    },
  })

  app.route({
    method: 'DELETE',
    url: '/admin/v1/databases/:name',
    handler: async (request, reply) => {
      await authorise(request)
      const entry = catalog.retire(nameOf(request))
      try {
        await pool.call('release', entry, { databaseId: entry.id })
        catalog.destroy(entry)
      } catch (error) {
        catalog.reinstate(entry)
        throw error
      }
      pool.forget(entry.id)
      return reply.status(204).send()
    },
  })

  /** A few at a time: each has to be opened, and only so many may be open. */
  async function describeAll(): Promise<(DatabaseDescription | UnopenedDatabase)[]> {
    const entries = catalog.list()
    const descriptions: (DatabaseDescription | UnopenedDatabase)[] = []
    for (let start = 0; start < entries.length; start += DESCRIBED_AT_A_TIME) {
      const some = entries.slice(start, start + DESCRIBED_AT_A_TIME)
      descriptions.push(...(await Promise.all(some.map(describeWhatIsThere))).flat())
    }
    return descriptions
  }

  /** One that cannot be opened does not hide the others; one that has been deleted meanwhile is left out. */
  async function describeWhatIsThere(
    entry: CatalogEntry,
  ): Promise<(DatabaseDescription | UnopenedDatabase)[]> {
    try {
      return [await describe(entry)]
    } catch (error) {
      if (!catalog.isServed(entry)) return []
      const { id, name, createdAt } = entry
      log.error({ err: error, database: name }, 'a database cannot be opened')
      return [{ name, id, createdAt, error: errorResponse(error).body.error }]
    }
  }

  async function describe(entry: CatalogEntry): Promise<DatabaseDescription> {
    const { id, name, createdAt } = entry
    const { result } = await pool.call('status', entry, { database: entry })
    return { name, id, createdAt, ...result }
  }
}

function parseCreate(body: Buffer): z.output<typeof createSchema> {
  try {
    return createSchema.parse(JSON.parse(body.toString('utf8')))
  } catch (error) {
    throw new ProtocolError('The body is not {"name": …}', { cause: error })
  }
}
