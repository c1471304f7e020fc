import { isTidemarkError } from '@tidemark/protocol'
import type { Recovery, TidemarkError } from '@tidemark/protocol'

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
  'fix-data': 'Change or drop what is named, then run the same command again.',
  reset: 'What is pending is in these files only: keep a copy of them first.',
  upgrade: 'Upgrade Tidemark on the older side.',
  operator: null,
  bug: 'This should not happen. Please report it.',
}

/** For failures that a person at a terminal meets by another way out than a program does. */
const HINTS_BY_CODE: Readonly<Record<string, string>> = {
  TIDEMARK_AUTH:
    'Give one that is good for this with --token or in TIDEMARK_TOKEN; `tidemark token create` makes them, for an operator with --allow *=admin.',
  // What is done to the row locally comes after the change, and does not help.
  TIDEMARK_REJECTED:
    'Nothing of its batch was applied; `tidemark pending FILE` lists what waits. Make room for the row on the server, or drop the change with `tidemark discard FILE --change NUMBER`; then run the same command again.',
  TIDEMARK_NOT_SYNCED:
    '`tidemark sync` takes these as --existing adopt and --existing replace; replace drops what the file has.',
  TIDEMARK_INFO_DAMAGED:
    '`tidemark sync` takes these as --existing adopt and --existing replace; keep a copy of the files first.',
}

const SQLITE_ACCESS =
  'SQLite needs to write beside a file even to read it: run this as the owner of the file and its folder. Nothing was changed.'

/** For failures of the system itself and of SQLite, by code. */
const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Check the permissions.',
  EADDRINUSE: 'Another program listens there: stop it, or choose another --port.',
  EADDRNOTAVAIL: 'This machine does not have that address; choose another --host.',
  ENOENT: 'Check the path.',
  ENOSPC: 'The disk is full.',
  EROFS: 'The disk is read-only.',
  SQLITE_CANTOPEN: SQLITE_ACCESS,
  SQLITE_READONLY_DIRECTORY: SQLITE_ACCESS,
  SQLITE_READONLY_CANTINIT: SQLITE_ACCESS,
  SQLITE_CORRUPT:
    'The file is damaged. Keep a copy of it and of the files beside it; then run `tidemark reset` on it.',
  SQLITE_NOTADB: 'The file is not a SQLite database, or its beginning is damaged. It was left as it is.',
}

/** What messages of the SDK name by its methods has a command here. */
const COMMANDS = [
  ['reset({ keepPending: false })', '`tidemark reset --drop-pending`'],
  ['reset()', '`tidemark reset`'],
  ['discard()', '`tidemark discard`'],
] as const

/** Describes any thrown value. */
export function describeFailure(error: unknown): Failure {
  if (isTidemarkError(error)) {
    return {
      code: error.code,
      message: oneLine(withCommands(error.message)),
      recovery: error.recovery,
      hint: hintOf(error),
    }
  }
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'TIDEMARK_UNEXPECTED'
    return { code, message: oneLine(error.message), recovery: null, hint: SYSTEM_HINTS[code] ?? null }
  }
  return { code: 'TIDEMARK_UNEXPECTED', message: oneLine(String(error)), recovery: null, hint: null }
}

function hintOf({ code, message, recovery }: TidemarkError): string | null {
  // OpenSSL's words for an answer that is not TLS, as `fetch` tells them. The SDK says it in its own.
  if (message.includes('wrong version number')) return 'The server speaks no HTTPS there: try http://.'
  if (/; try https?:/u.test(message)) return null
  return HINTS_BY_CODE[code] ?? HINTS[recovery]
}

function withCommands(message: string): string {
  return COMMANDS.reduce((text, [method, command]) => text.replaceAll(method, command), message)
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/gu, ' ').trim()
}
