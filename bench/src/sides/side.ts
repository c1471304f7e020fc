import type { SqlParameter } from '../rows.ts'

/** One contender: its server program and its client library. */
export interface Side {
  readonly name: 'tidemark' | 'turso'
  /** What is compared, with versions. */
  readonly description: string
  /** Starts its server on loopback with an empty database. */
  startServer(directory: string): Promise<BenchServer>
  connect(options: ConnectOptions): Promise<Replica>
}

export interface BenchServer {
  /** The address of the one database. */
  readonly url: string
  /** Its process; what it forks counts too. */
  readonly pid: number
  stop(): Promise<void>
}

export interface ConnectOptions {
  readonly path: string
  readonly url: string | null
  readonly durability: Durability
  readonly longPollTimeoutMs?: number
}

/** What a local commit waits for: `PRAGMA synchronous` FULL or NORMAL. */
export type Durability = 'full' | 'normal'

/**
 * A local database in the way its library is meant to be used: prepared statements, awaited where they are
 * asynchronous.
 */
export interface Replica {
  exec(sql: string): Promise<void>
  /** Runs a statement once for each set of parameters, in one transaction or in one each. */
  runEach(sql: string, parameters: readonly SqlParameter[][], inOneTransaction: boolean): Promise<void>
  /** Reads one row for each value. */
  getEach(sql: string, values: readonly number[], inOneTransaction: boolean): Promise<void>
  /** Values of all rows. */
  all(sql: string): Promise<unknown[][]>
  push(): Promise<void>
  pull(): Promise<boolean>
  checkpoint(): Promise<void>
  close(): Promise<void>
}
