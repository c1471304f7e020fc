import { rmSync } from 'node:fs'
import { PAGE_SIZE, StateError } from '@tidemark/protocol'
import { History } from '../history/history.ts'
import type { HistoryOptions } from '../history/history.ts'
import { checkpoint } from './connection.ts'
import type { Connection } from './connection.ts'
import type { MainFileReader } from './main-file.ts'
import type { WalRecorder } from './wal-recorder.ts'

export interface Recovered {
  readonly history: History
  /** Why the history was begun anew, where it was; clients will fetch all pages once. */
  readonly restarted: string | null
}

/**
 * Opens the history and brings it up to the WAL. Where the two do not meet (another program wrote the file, a
 * power loss took commits that were not synced, a backup was put in place), or the history is damaged, it
 * begins anew: the rows are what the main file has, and every revision given out before is void.
 */
export function recoverHistory(
  connection: Connection,
  mainFile: MainFileReader,
  recorder: WalRecorder,
  options: Omit<HistoryOptions, 'mainFile'>,
): Recovered {
  const withMainFile = { ...options, mainFile }
  let reason: string | null = null
  try {
    if (History.exists(withMainFile)) {
      const history = History.open(withMainFile, { sizeInPages: 0, wal: recorder.position })
      reason = joined(history, recorder, mainFile)
      if (reason === null) return { history, restarted: null }
    }
  } catch (error) {
    if (!(error instanceof StateError) || error.code !== 'TIDEMARK_HISTORY_DAMAGED') throw error
    reason = error.message
  }
  return { history: beginAnew(connection, mainFile, recorder, withMainFile), restarted: reason }
}

/**
 * Brings the history up to the WAL. Where it cannot be joined to it, says why; then, and where it throws, as
 * on a full disk, the history is closed.
 */
function joined(history: History, recorder: WalRecorder, mainFile: MainFileReader): string | null {
  let isJoined = false
  try {
    const reason = gapBetween(history, recorder, mainFile)
    if (reason !== null) return reason
    recorder.record(history)
    isJoined = true
    return null
  } finally {
    if (!isJoined) history.close()
  }
}

/** Why the history's last commit cannot be joined to what the WAL and the main file hold; null where it can. */
function gapBetween(history: History, recorder: WalRecorder, mainFile: MainFileReader): string | null {
  if (recorder.continues(history.walPosition)) return null
  if (!history.mayBeCheckpointed) return `the WAL does not continue commit ${history.head}`
  // In WAL mode a commit need not change page 1, or the size.
  if (history.mainFileMs !== 0 && history.mainFileMs !== mainFile.modifiedMs)
    return `the main file was changed after commit ${history.head}, while it was closed`
  if (recorder.position.frame > 0) return null
  const size = history.sizeAt(history.head)
  if (mainFile.sizeInPages !== size) {
    return `the main file has ${mainFile.sizeInPages} pages, commit ${history.head} has ${size}`
  }
  const expected = Buffer.alloc(PAGE_SIZE)
  const actual = Buffer.alloc(PAGE_SIZE)
  history.readPage(1, history.head, expected)
  mainFile.readPages(1, actual)
  return expected.equals(actual) ? null : `the main file is not that of commit ${history.head}`
}

function beginAnew(
  connection: Connection,
  mainFile: MainFileReader,
  recorder: WalRecorder,
  options: HistoryOptions,
): History {
  if (!checkpoint(connection, 'TRUNCATE').isComplete) {
    throw new StateError('TIDEMARK_CHECKPOINT', 'The WAL could not be copied into the main file', {
      recovery: 'retry',
    })
  }
  recorder.checkpointed()
  rmSync(options.directory, { recursive: true, force: true })
  return History.open(options, { sizeInPages: mainFile.sizeInPages, wal: recorder.position })
}
