import { isTidemarkError } from '@tidemark/protocol'

/** What `tidemark` exits with. Scripts may rely on these numbers. */
export const EXIT = {
  ok: 0,
  /** Failed, and the same command will fail again until something is changed. */
  failure: 1,
  /** The command line is wrong. Nothing was done. */
  usage: 2,
  /** Failed for now: a lock is taken, the server is busy or not reachable. The same command may succeed later. */
  retry: 3,
  /** The data needs a decision: a conflict, or a row that the server refuses. */
  data: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit code for a failure that commander did not see. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!isTidemarkError(error)) return EXIT.failure
  if (error.code === 'TIDEMARK_OPTIONS') return EXIT.usage
  switch (error.recovery) {
    case 'retry':
    case 'checkpoint':
      return EXIT.retry
    case 'pull':
    case 'fix-data':
      return EXIT.data
    case 'reset':
    case 'upgrade':
    case 'operator':
    case 'bug':
      return EXIT.failure
  }
}
