/** Where a server dies: said by who tests, read by the server's processes ({@link WATCH}). */

/** A server's processes. */
export type Part = 'main' | 'worker'

/**
 * The end of a server, by SIGKILL, at a step of one of its processes: a call that changes files, or an answer
 * to a client.
 */
export interface Death {
  readonly of: Part
  /** A number from 1, as that process counts its steps; or the first that is on the way from a call site. */
  readonly at: number | string
  /** `behind`: the step has happened; of a call that writes, the first half of it. */
  readonly when: 'before' | 'behind'
  /**
   * Whom a worker takes with it; `main`: that process alone, and the worker finds out. A main process leaves
   * its worker behind.
   */
  readonly takes: 'itself' | 'main' | 'both'
}

export interface Watch {
  readonly death: Death | null
  /** Written by who is about to die. Where it is there, nobody dies any more. */
  readonly diedPath: string
  /** Where each step is told, one JSON of {@link TracedStep} in a line; null: nowhere. */
  readonly tracePath: string | null
}

export interface TracedStep {
  readonly of: Part
  readonly what: { readonly stack: string } | { readonly method: string; readonly path: string }
}

/** The variable of the environment that has the {@link Watch}, as JSON. */
export const WATCH = 'TIDEMARK_WATCH'
