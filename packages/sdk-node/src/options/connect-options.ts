import type { Conflict } from '@tidemark/engine'
import type { ConflictResolution } from '../sync/conflict-resolution.ts'
import type { Transform } from '../transform/mutation.ts'

/** How failed requests are tried again. Only failures that may pass by themselves are: network, timeout, 5xx, busy. */
export interface RetryOptions {
  /** How often to try in all. Default 4. */
  readonly attempts?: number
  /** Wait before the second attempt, milliseconds. Default 200. What a busy server asks for goes first. */
  readonly delayMs?: number
  /** Each further wait is this many times the one before. Default 2. */
  readonly backoff?: number
  /** No wait is longer, milliseconds. Default 10,000. */
  readonly maxDelayMs?: number
  /** Which failures to try again. Default: those whose `recovery` is `retry`. */
  readonly shouldRetry?: (error: unknown) => boolean
  /** How to wait; replaced in tests. Default: a timer. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/** When the local WAL is compacted without being asked. Sizes in pages of local changes. */
export interface AutoCheckpointOptions {
  /** From this size on a checkpoint follows `push`, `pull` and `sync`. Default 1000. */
  readonly pages?: number
  /** From this size on `pull` and `sync` wait for a checkpoint, and a local commit starts one. Default 16,000. */
  readonly ceilingPages?: number
}

export interface ConnectOptions {
  /** The local file. `:memory:`: a private temporary one, removed on close. */
  readonly path: string
  /**
   * The remote database: `http(s)://host[:port][/path]`; `libsql://` and `turso://` mean `https://`. As a
   * function it is asked before each sync operation; while it gives null, sync is off and the file is local.
   * Default: the URL of last time, saved in `<path>-info`.
   */
  readonly url?: string | (() => string | null)
  /** Bearer token, or a function that gives one for each request. */
  readonly authToken?: string | (() => string | Promise<string>)
  /** Begins the client id that the server sees. Default `tidemark`. */
  readonly clientName?: string
  /** `tidemark` and `turso` skip the question which dialect the server speaks. Default `auto`. */
  readonly protocol?: 'auto' | 'tidemark' | 'turso'
  /** Sends the requests. Default: Node's HTTP client. */
  readonly fetch?: typeof fetch
  readonly retry?: RetryOptions
  /** A request during which nothing moves for this long is given up, milliseconds. Default 30,000. */
  readonly timeoutMs?: number
  /** How long a pull may wait at the server for something new, milliseconds. Default 0. */
  readonly longPollTimeoutMs?: number
  /**
   * A push with more changes than this goes in several batches, never splitting a transaction, nor what is pending
   * together with a DROP TABLE. Default: one batch.
   */
  readonly pushOperationsThreshold?: number
  /** A pull is fetched in requests of about this many bytes of pages, all of one revision. Default: one request. */
  readonly pullBytesThreshold?: number
  /** Decides for each row change whether it is pushed as it is, not at all, or as another statement. */
  readonly transform?: Transform
  /** What happens when a pending change meets a row that others changed. Default `last-push-wins`: the local change. */
  readonly conflictResolution?: ConflictResolution
  /** Called for each conflict, after it was resolved. */
  readonly onConflict?: (conflict: Conflict) => void
  /** A push that would overwrite values which others changed fails with `SyncConflictError` instead. Default false. */
  readonly detectConflicts?: boolean
  /**
   * What to do with a change that the server refuses for good. `stop` (default): the push fails with
   * `RejectedError`, and nothing is pushed until the server has room for the change or it is discarded.
   * `quarantine`: it is set aside with its transaction, for `rejected()`, and the rest is pushed.
   */
  readonly onRejected?: 'stop' | 'quarantine'
  /** `false`: only `checkpoint()` and `close()` do. A number is {@link AutoCheckpointOptions.pages}. */
  readonly autoCheckpoint?: false | number | AutoCheckpointOptions
  /** `full` (default): a commit is on disk when it returns. `normal`: better-sqlite3's usual setting in WAL mode. */
  readonly durability?: 'full' | 'normal'
  /**
   * What to do with a SQLite file that was not synced before. Default `refuse`. `adopt` pushes all of it,
   * `replace` overwrites it.
   */
  readonly existing?: 'refuse' | 'adopt' | 'replace'
}

/** Options of one `push`, `pull` or `sync`. */
export interface OperationOptions {
  /** Gives up between two steps, with the signal's `reason`; nothing is left half done. */
  readonly signal?: AbortSignal
}

export interface PullOptions extends OperationOptions {
  /** Overrides the option of `connect` for this call. */
  readonly longPollTimeoutMs?: number
}

export interface ResetOptions extends OperationOptions {
  /** True (default): pending changes go on top of what is downloaded. False: they are dropped. */
  readonly keepPending?: boolean
}
