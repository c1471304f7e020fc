import type { DatabaseSettings } from '../database/database.ts'
import type { HranaSettings } from '../hrana/hrana-settings.ts'
import type { PushSettings } from '../push/push-settings.ts'

/** What a worker is told when it starts. Plain JSON. */
export interface WorkerSettings extends WorkerLimits {
  /** Whose end is the worker's end. */
  readonly mainProcessId: number
}

/** The part of it that is configured. */
export interface WorkerLimits {
  readonly database: DatabaseSettings
  readonly hrana: HranaSettings
  readonly push: PushSettings
  readonly maxLongPollMs: number
  /** Databases open at the same time; beyond it, the one unused for longest is closed. */
  readonly maxOpenDatabases: number
  readonly maxRssBytes: number
}
