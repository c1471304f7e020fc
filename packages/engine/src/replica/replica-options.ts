import type { ReplayOptions } from './finish-replay.ts'

/** `full`: a commit is on disk when it returns. `normal`: a power loss may take the last commits. */
export type Durability = 'full' | 'normal'

export interface ReplicaOptions {
  /** Default `full`. */
  readonly durability?: Durability
  /** How long the application's statements wait for other programs' locks; default 5000. */
  readonly busyTimeoutMs?: number
  /** How long a sync operation waits for another one on the same file; default 10,000. */
  readonly syncLockTimeoutMs?: number
  /**
   * Decides the conflicts of a pull that a crash has interrupted, here or in another process, and is told of
   * them. Default: local changes win, untold.
   */
  readonly interruptedPull?: ReplayOptions
}

/** The options of a replica's files and connections, each with a value. */
export interface SessionOptions {
  readonly durability: Durability
  readonly busyTimeoutMs: number
  readonly interruptedPull: ReplayOptions
}

const DEFAULT_BUSY_TIMEOUT_MS = 5000
const DEFAULT_LOCK_TIMEOUT_MS = 10_000

export function sessionOptions(options: ReplicaOptions): SessionOptions {
  return {
    durability: options.durability ?? 'full',
    busyTimeoutMs: options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS,
    interruptedPull: options.interruptedPull ?? { resolve: () => 'keep-local', onConflict: () => {} },
  }
}

export function syncLockTimeoutMs(options: ReplicaOptions): number {
  return options.syncLockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS
}
