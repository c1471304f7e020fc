import type { Conflict } from '@tidemark/engine'
import type { TidemarkError } from '@tidemark/protocol'
import type { Rejection } from '../errors/rejected-error.ts'
import type { PushResult } from '../sync/sync-results.ts'

export interface PullEvent {
  readonly revision: string
  /** Pages that arrived. */
  readonly pages: number
  /** Pending changes that were put back on top. */
  readonly replayed: number
  readonly conflicts: number
}

export interface BusyEvent {
  readonly operation: 'push' | 'pull' | 'checkpoint'
  readonly error: TidemarkError
  /** How long this attempt waits before the next, milliseconds. */
  readonly waitMs: number
}

/** What `db.on(name, listener)` gives to its listeners. */
export interface SyncEvents {
  /** A pull brought something and was applied. */
  pull: PullEvent
  /** The server accepted what was pending. */
  push: PushResult
  /** A pending change met a newer remote row; whichever won, both are in here. */
  conflict: Conflict
  /** The server refused a change for good. */
  rejected: Rejection
  /** Something was busy; the operation waits and tries again. */
  busy: BusyEvent
  /** The base was not known any more (another program checkpointed the file while it was closed) and was fetched again. */
  rebased: { readonly revision: string }
  /** A sync operation failed. The same error rejects the operation's promise. */
  error: unknown
}

export type SyncEventName = keyof SyncEvents
export type SyncListener<N extends SyncEventName> = (event: SyncEvents[N]) => void
