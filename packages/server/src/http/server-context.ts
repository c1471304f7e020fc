import type { Logger } from 'pino'
import type { Authority } from '../auth/authority.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { ServerConfig } from '../config/server-config.ts'
import type { BodyMemory } from './body-memory.ts'
import type { BodyLimits } from './read-body.ts'
import type { WorkerPool } from '../worker/worker-pool.ts'

/** What the endpoints work with. */
export interface ServerContext {
  readonly config: ServerConfig
  readonly catalog: Catalog
  readonly authority: Authority
  readonly pool: WorkerPool
  readonly log: Logger
  readonly bodyMemory: BodyMemory
  /** Directory for bodies that are too large to be kept in memory. */
  readonly spoolDirectory: string
}

/** Bounds for a body that is kept in memory. */
export function bodyLimits({ config, bodyMemory }: ServerContext, maxBytes: number): BodyLimits {
  return { maxBytes, silenceMs: config.requestTimeoutMs, memory: bodyMemory }
}
