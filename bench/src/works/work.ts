import type { Durability, Replica } from '../sides/side.ts'

/** What a work has at hand in its process. */
export interface Bench {
  /** A replica of the server's database, by name; connected when first asked for. */
  replica(name: string): Promise<Replica>
  /** A local database that never syncs. */
  local(durability: Durability): Promise<Replica>
  /** Closes and removes a replica, so that the name can be connected anew. */
  forget(name: string): Promise<void>
}

/** One row of the benchmark. */
export interface Work {
  readonly name: string
  /** What both sides wait for at a commit. */
  readonly durability: Durability
  /** Rounds before the others that are neither measured nor checked. */
  readonly warmUps: number
  /** The first does not count. */
  readonly rounds: number
  /** Part of the quick comparison. */
  readonly isQuick: boolean
  /** What a reader of the numbers must know. */
  readonly note?: string
  /** Runs once before the first round. */
  setUp?(bench: Bench): Promise<void>
  /** Before each round, not timed. Rounds are numbered from 0, the warm-ups first. */
  prepare?(bench: Bench, round: number): Promise<void>
  /** What is timed. */
  run(bench: Bench, round: number): Promise<void>
  /** A digest of the rows that must be there now: equal on both sides, or the round does not count. */
  check(bench: Bench, round: number): Promise<string>
  /** What Tidemark shall reach, against Turso in the same run; null: it has none. */
  readonly target: Target | null
}

/** Ratios of Turso's value to Tidemark's, or bytes. Null: no target. */
export interface Target {
  readonly timesFaster: number | null
  /** Turso's bytes divided by Tidemark's, sent and received together. */
  readonly timesFewerBytes?: number
  readonly maxBytes?: number
}
