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

export interface RejectedEvent extends Rejection {
  /** How many changes were set aside, with `onRejected: 'quarantine'`; 0: they are still pending. */
  readonly quarantined: number
}

export interface RollbackEvent {
  readonly revision: string
  /** Changes that are pending now. */
  readonly pending: number
}

export interface BusyEvent {
  readonly operation: 'push' | 'pull' | 'checkpoint' | 'queue'
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
  /** A pending change met a newer remote row, in a pull or a push; whichever won, both are in here. */
  conflict: Conflict
  /** The server refused a change for good. */
  rejected: RejectedEvent
  /** Something was busy; the operation waits and tries again. */
  busy: BusyEvent
  /**
   * The base was not known any more (another program checkpointed the file while it was closed) and was fetched again.
   */
  rebased: { readonly revision: string }
  /**
   * Another replica pushes under this one's name: its files were copied, or restored from a backup. From here
   * on it has another name; what is pending stays pending.
   */
  forked: { readonly clientId: string }
  /**
   * The server has lost changes of this replica that it had acknowledged: it was restored from a backup, or
   * the database was created again. Those that are still known here are pending again.
   */
  rollback: RollbackEvent
  /** A sync operation failed. The same error rejects the operation's promise. */
  error: unknown
}

export type SyncEventName = keyof SyncEvents
export type SyncListener<N extends SyncEventName> = (event: SyncEvents[N]) => void

const LISTED: Readonly<Record<SyncEventName, true>> = {
  pull: true,
  push: true,
  conflict: true,
  rejected: true,
  busy: true,
  rebased: true,
  forked: true,
  rollback: true,
  error: true,
}

/** The events that there are. */
export const SYNC_EVENT_NAMES = Object.keys(LISTED) as SyncEventName[]
