import type { DatabaseEvents } from '../src/database/database.ts'

const unexpected = (told: unknown): never => {
  throw told instanceof Error ? told : new Error(String(told))
}

/**
 * What a database tells whoever has opened it, where nothing is to go wrong: a restarted history, a problem and
 * a panic throw, what is due later is left.
 *
 * @param own what a test expects instead
 */
export function databaseEvents(own: Partial<DatabaseEvents> = {}): DatabaseEvents {
  return {
    onRestart: unexpected,
    onProblem: unexpected,
    onRecordDue: () => {},
    onCheckpointDue: () => {},
    onReadersInTheWay: () => {},
    onPanic: unexpected,
    ...own,
  }
}
