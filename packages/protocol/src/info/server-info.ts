import { ProtocolError } from '../errors.ts'

/** Answer of `GET /tidemark`, JSON. A server that answers anything else there is a Turso server. */
export interface ServerInfo {
  /** Version of the dialect. */
  readonly tidemark: 1
  /** Version of the server's software. */
  readonly version: string
  /** Name of the database. */
  readonly database: string
  readonly features: readonly string[]
  readonly limits: {
    /** Largest body of a push. */
    readonly max_push_bytes: number
    /** Frames in a client's WAL above which a push is answered `checkpoint-needed`. */
    readonly max_wal_pages: number
  }
}

/** Checks parsed JSON. Unknown fields are dropped. @throws ProtocolError if it is not a {@link ServerInfo} */
export function parseServerInfo(value: unknown): ServerInfo {
  if (!isRecord(value) || !('tidemark' in value)) {
    throw new ProtocolError('not the description of a Tidemark server')
  }
  if (value['tidemark'] !== 1) {
    throw new ProtocolError(`Tidemark dialect ${String(value['tidemark'])} is not known`, {
      recovery: 'upgrade',
    })
  }
  const { version, database, features, limits } = value
  if (typeof version !== 'string' || typeof database !== 'string') throw malformed('version and database')
  if (!Array.isArray(features) || !features.every((feature) => typeof feature === 'string')) {
    throw malformed('features')
  }
  if (!isRecord(limits)) throw malformed('limits')
  return {
    tidemark: 1,
    version,
    database,
    features,
    limits: {
      max_push_bytes: limit(limits, 'max_push_bytes'),
      max_wal_pages: limit(limits, 'max_wal_pages'),
    },
  }
}

function limit(limits: Readonly<Record<string, unknown>>, name: string): number {
  const value = limits[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(`limits.${name}`)
  }
  return value
}

function malformed(field: string): ProtocolError {
  return new ProtocolError(`${field} in the description of the server is malformed`)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
