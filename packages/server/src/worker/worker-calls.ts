import type { ReplicaRequest, ReplicaResult } from '../replica-frames/serve-replica.ts'

/** Names a database to a worker. */
export interface DatabaseRef {
  readonly id: string
  readonly name: string
  readonly directory: string
}

/** What a token lets its holder do with a database. */
export type Access = 'read' | 'write'

/** Who asks, for fairness among writers. */
export interface Caller {
  readonly access: Access
  readonly party: string
}

export interface PullResult {
  readonly revision: string
  /** Bytes that follow; null where it is not known before. */
  readonly contentLength: number | null
  /** The caller has the newest revision: until the next commit the same bytes are answered the same. */
  readonly isNothingNew: boolean
}

export interface DatabaseStatus {
  readonly revision: string
  readonly sizeInPages: number
  readonly historyBytes: number
  /** Main file, WAL and history. */
  readonly bytes: number
}

/**
 * What the main process asks of a worker. `args` and `result` cross as JSON; a request's and an answer's
 * bytes cross as they are. `streams`: the answer's bytes come in pieces, unless they are few.
 */
export interface WorkerCalls {
  /**
   * Bytes: a pull request; answers the pull stream. `skipBytes` of it are left out: a call resumed on another worker.
   */
  pull: {
    readonly args: {
      readonly database: DatabaseRef
      readonly isTidemark: boolean
      readonly skipBytes: number
      readonly pinnedRevision: string | null
    }
    readonly result: PullResult
    readonly streams: true
  }
  /** Bytes: a push, or its beginning, where pieces follow. Answers a push response. */
  push: {
    readonly args: { readonly database: DatabaseRef; readonly caller: Caller; readonly isWhole: boolean }
    readonly result: null
    readonly streams: false
  }
  /** Bytes: a page hashes request and its response. */
  pageHashes: {
    readonly args: { readonly database: DatabaseRef }
    readonly result: null
    readonly streams: false
  }
  /** Answers a file, or frames, or the newest generation alone. */
  replica: {
    readonly args: { readonly database: DatabaseRef; readonly request: ReplicaRequest }
    readonly result: ReplicaResult
    readonly streams: true
  }
  /** Bytes: JSON of a pipeline request and its response. */
  pipeline: {
    readonly args: { readonly database: DatabaseRef; readonly caller: Caller }
    readonly result: { readonly contentLength: number }
    readonly streams: true
  }
  /** Bytes: JSON of a cursor request; answers lines of JSON. */
  cursor: {
    readonly args: { readonly database: DatabaseRef; readonly caller: Caller }
    readonly result: null
    readonly streams: true
  }
  status: {
    readonly args: { readonly database: DatabaseRef }
    readonly result: DatabaseStatus
    readonly streams: false
  }
  /** Closes the database; streams and long polls on it end. */
  release: {
    readonly args: { readonly databaseId: string }
    readonly result: null
    readonly streams: false
  }
  ping: {
    readonly args: null
    readonly result: null
    readonly streams: false
  }
  /** Answers long polls now, and from now on at once. */
  drain: {
    readonly args: null
    readonly result: null
    readonly streams: false
  }
  /** Closes everything; the worker exits after its answer. */
  shutdown: {
    readonly args: null
    readonly result: null
    readonly streams: false
  }
}

export type CallName = keyof WorkerCalls

/** A call, by its name. */
export type WorkerCall = {
  [N in CallName]: { readonly name: N; readonly args: WorkerCalls[N]['args'] }
}[CallName]
