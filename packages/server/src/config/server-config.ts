import type { Writable } from 'node:stream'

/** A public key that tokens may be signed with. */
export interface VerificationKey {
  /** Key id, as in a token's header. */
  readonly kid: string
  /** Ed25519 public key: its 32 bytes as base64url (`x` of its JWK). */
  readonly x: string
}

/**
 * Everything that can be configured. Flat, so that each setting has the same name in the environment
 * (`TIDEMARK_MAX_PUSH_BYTES`) and in the file (`maxPushBytes`). `tidemark serve` has flags for a few of them.
 * Defaults are in {@link serverConfigSchema}.
 */
export interface ServerConfig {
  /** Directory of all databases. */
  readonly data: string
  /** Address to listen on. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Create a database when it is first asked for. */
  readonly autoCreate: boolean
  /** Serve this database at the root URL as well; it is created at start. */
  readonly rootDatabase: string | null
  /** Domains below which the first label of the host name is the name of a database. */
  readonly hostDomains: readonly string[]
  /** Origins that browsers may call from; `*`: any. None: no CORS headers. */
  readonly corsOrigins: readonly string[]

  /**
   * Keys whose tokens are accepted. Without keys nobody is asked for a token, and only loopback addresses can
   * be served.
   */
  readonly keys: readonly VerificationKey[]
  /** Claim `iss` of accepted tokens. */
  readonly tokenIssuer: string
  /** Claim `aud` of accepted tokens. */
  readonly tokenAudience: string
  /** Ids (`jti`) of tokens that are refused. */
  readonly revokedTokens: readonly string[]

  /**
   * Whether SQL streams enforce foreign keys unless they say otherwise, as libSQL's servers do and SQLite by
   * itself does not.
   */
  readonly foreignKeys: boolean

  /** `full`: what was answered survives a power loss. `normal`: it survives the end of the process. */
  readonly durability: 'full' | 'normal'
  /** Worker processes. */
  readonly workers: number
  /** All workers taken together. */
  readonly maxOpenDatabases: number
  /** Resident memory of one worker above which the statement that is running is ended, with its worker. */
  readonly maxWorkerBytes: number

  /** How much history is kept of each database, in bytes … */
  readonly historyBytes: number
  /** … and for how long, whichever ends first. */
  readonly historySeconds: number
  /** Size of the files that history is kept in, and is dropped by. */
  readonly historySegmentBytes: number
  /** WAL frames after which they are copied into the main file. */
  readonly checkpointFrames: number

  /** Size of one database. */
  readonly maxDatabaseBytes: number
  /** Body of one push. */
  readonly maxPushBytes: number
  /** The largest row that can be pushed, with some room for its block. */
  readonly maxPushBlockBytes: number
  /** Frames in a client's WAL above which it must checkpoint before it pushes. */
  readonly maxWalPages: number
  /** Body of a SQL request. */
  readonly maxSqlBytes: number
  /** Answer to a SQL request. */
  readonly maxSqlResponseBytes: number
  /** Bodies of all requests that are being received or answered; larger pushes wait in files. */
  readonly maxBodyMemoryBytes: number
  /** SQL streams open at the same time on one database. */
  readonly maxStreams: number
  /** Connections open at the same time. */
  readonly maxConnections: number

  /** A client's silence while it sends a request or takes an answer. */
  readonly requestTimeoutMs: number
  /** Running one SQL statement. */
  readonly statementTimeoutMs: number
  /** Applying one push. */
  readonly applyTimeoutMs: number
  /** Waiting for other writers. */
  readonly turnWaitMs: number
  /** A transaction of a SQL stream, in all … */
  readonly transactionTimeoutMs: number
  /** … and between two of its requests. */
  readonly transactionIdleTimeoutMs: number
  /** A SQL stream without a transaction, between two requests. */
  readonly streamIdleTimeoutMs: number
  /** Holding back an answer to a pull. */
  readonly maxLongPollMs: number
  /** For requests under way when the server is told to stop. */
  readonly shutdownGraceMs: number

  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where logs go, one JSON object per line; nowhere unless given. Not from flags, environment or file. */
  readonly logStream: Writable | null
}

/** True for names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
