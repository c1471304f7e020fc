import Database from 'better-sqlite3'

/**
 * Of the wal-index, beside the one for readers of the main file alone
 * (https://www.sqlite.org/walformat.html#wal_locks).
 */
const READ_MARKS = 4

/**
 * Holds SQLite's read marks, so that the process's transactions need not ask the kernel for one.
 *
 * Who reads by way of the WAL locks a read mark that is not above its snapshot, to tell checkpoints how far
 * they may go. It looks for one that stands at its snapshot; where there is none, as after each commit, it
 * locks one that nobody has, to move it there. Those are two to five calls of the kernel for each
 * transaction. The connections of a process share its locks, and where it holds all four there is none to be
 * moved: the highest will do, and to lock that costs a counter.
 *
 * Checkpoints are not held up more than by the replica's pin, as long as no mark is older than that.
 */
export class ReadMarks {
  readonly #path: string
  readonly #holding: Database.Database[] = []
  readonly #idle: Database.Database[] = []
  #newestFrame = 0

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Holds one more, where there is one to be had: `maxFrame`, the last frame, is not that of the mark that
   * was taken before.
   *
   * @throws SqliteError when the file cannot be opened once more, or read; there is one mark less then
   */
  hold(maxFrame: number): void {
    if (this.#holding.length === READ_MARKS || maxFrame === this.#newestFrame) return
    const holder = this.#idle.pop() ?? new Database(this.#path, { timeout: 0 })
    try {
      beginSnapshot(holder)
    } catch (error) {
      holder.close()
      throw error
    }
    this.#holding.push(holder)
    this.#newestFrame = maxFrame
  }

  /** Lets go of all, for checkpoints. @param maxFrame the last frame, at which the pin is to stand */
  release(maxFrame: number): void {
    for (const holder of this.#holding) holder.exec('COMMIT')
    this.#idle.push(...this.#holding.splice(0))
    this.#newestFrame = maxFrame
  }

  close(): void {
    for (const holder of [...this.#holding.splice(0), ...this.#idle.splice(0)]) holder.close()
  }
}

/**
 * Begins a read transaction that reads now, whatever the schema is: after an injection it has to do so before
 * anybody looks at what came in.
 */
export function beginSnapshot(connection: Database.Database): void {
  connection.exec('BEGIN')
  connection.prepare('PRAGMA schema_version').get()
}
