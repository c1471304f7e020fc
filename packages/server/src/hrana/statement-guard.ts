/** What a call brings to the statements that it runs. */
export interface StatementGuard {
  /** Runs what may block for long; the process ends where it takes longer than `allowanceMs`. */
  run<T>(allowanceMs: number, statement: () => T): T
  /** From here on the call may have had an effect, and must not be made again. */
  begin(): void
  readonly signal: AbortSignal
}
