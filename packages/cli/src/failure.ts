import { isTidemarkError, type Recovery } from '@tidemark/protocol'

/** A failure as the command shows it: what happened, and what to do next. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly recovery: Recovery | null
  readonly hint: string | null
}

/** Null where each message says it itself. */
const HINTS: Readonly<Record<Recovery, string | null>> = {
  retry: 'Run the same command again later.',
  pull: 'Run `tidemark sync` on the file: it pulls, resolves and pushes again.',
  checkpoint: 'Run `tidemark checkpoint` on the file, then the same command again.',
  'fix-data': 'Repair or drop the row that is named, then run the same command again.',
  reset: 'The local copy has to be fetched again.',
  upgrade: 'Upgrade Tidemark on the older side.',
  operator: null,
  bug: 'This should not happen. Please report it.',
}

/** For failures of the system itself, by `errno` code. */
const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Check the permissions.',
  EADDRINUSE: 'Another program listens there: stop it, or choose another --port.',
  EADDRNOTAVAIL: 'This machine does not have that address; choose another --host.',
  ENOENT: 'Check the path.',
  ENOSPC: 'The disk is full.',
  EROFS: 'The disk is read-only.',
}

/** Describes any thrown value. */
export function describeFailure(error: unknown): Failure {
  if (isTidemarkError(error)) {
    return {
      code: error.code,
      message: oneLine(error.message),
      recovery: error.recovery,
      hint: HINTS[error.recovery],
    }
  }
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'TIDEMARK_UNEXPECTED'
    return { code, message: oneLine(error.message), recovery: null, hint: SYSTEM_HINTS[code] ?? null }
  }
  return { code: 'TIDEMARK_UNEXPECTED', message: oneLine(String(error)), recovery: null, hint: null }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/gu, ' ').trim()
}
