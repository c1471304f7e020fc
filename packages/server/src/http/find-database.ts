import type { FastifyRequest } from 'fastify'
import { EncryptionUnavailableError } from '../auth/auth-error.ts'
import type { Principal } from '../auth/authority.ts'
import type { Scope } from '../auth/access-token.ts'
import { DatabaseNameError, DatabaseNotFoundError } from '../catalog/catalog-error.ts'
import { databaseNameSchema } from '../config/config-schema.ts'
import type { ServerConfig } from '../config/server-config.ts'
import type { Access, Caller, DatabaseRef } from '../worker/worker-calls.ts'
import type { ServerContext } from './server-context.ts'

/** With it Turso's and libSQL's clients send the key that a database is to be encrypted with where it is stored. */
const ENCRYPTION_KEY_HEADER = 'x-turso-encryption-key'

export interface DatabaseRequest {
  readonly database: DatabaseRef
  readonly caller: Caller
}

/**
 * The database that a request is for, once the caller may have `scope` on it: by path prefix `/db/<name>`,
 * else by the first label of the host name, else the root database. Nothing is said about databases that the
 * caller may not use, not even whether they exist.
 *
 * @throws UnauthenticatedError, ForbiddenError, EncryptionUnavailableError, DatabaseNameError, DatabaseNotFoundError
 */
export async function findDatabase(
  context: ServerContext,
  request: FastifyRequest,
  scope: Exclude<Scope, 'admin'>,
): Promise<DatabaseRequest> {
  const principal = await context.authority.identify(request.headers.authorization)
  const name = databaseName(request, context.config)
  if (name === null) throw new DatabaseNotFoundError(null)
  const isKnown = context.catalog.has(name)
  if (!isKnown && !databaseNameSchema.safeParse(name).success) throw new DatabaseNameError(name)
  principal.require(name, scope)
  if (request.headers[ENCRYPTION_KEY_HEADER] !== undefined) throw new EncryptionUnavailableError()
  const isNew = !isKnown && (context.config.autoCreate || name === context.config.rootDatabase)
  const { id, directory } = isNew ? context.catalog.create(name) : context.catalog.get(name)
  return { database: { id, name, directory }, caller: callerOf(request, principal, name) }
}

function databaseName(request: FastifyRequest, config: ServerConfig): string | null {
  const { name } = request.params as { readonly name?: string }
  return name ?? hostLabel(request.hostname, config.hostDomains) ?? config.rootDatabase
}

/** `notes` of `notes.example.com`, where `example.com` is one of the domains. */
export function hostLabel(hostname: string, domains: readonly string[]): string | null {
  for (const domain of domains) {
    if (!hostname.toLowerCase().endsWith(`.${domain.toLowerCase()}`)) continue
    const label = hostname.slice(0, -domain.length - 1).toLowerCase()
    if (!label.includes('.')) return label
  }
  return null
}

function callerOf(request: FastifyRequest, principal: Principal, name: string): Caller {
  const access: Access = principal.allows(name, 'write') ? 'write' : 'read'
  return { access, party: principal.party ?? `${request.ip}:${request.socket.remotePort ?? 0}` }
}
