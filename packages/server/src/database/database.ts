import { join } from 'node:path'
import { BusyError, FRAME_SIZE, PAGE_SIZE } from '@tidemark/protocol'
import type { History } from '../history/history.ts'
import type { Retention } from '../history/retention.ts'
import { CommitSignal } from './commit-signal.ts'
import { checkpoint, openConnection } from './connection.ts'
import type { Connection, ConnectionSettings } from './connection.ts'
import { lockDirectory } from './database-lock.ts'
import { MainFileReader } from './main-file.ts'
import { recoverHistory } from './recover.ts'
import { TurnQueue } from './turn-queue.ts'
import { WalRecorder } from './wal-recorder.ts'

export interface DatabaseSettings extends ConnectionSettings {
  readonly retention: Retention
  readonly segmentBytes: number
  /** WAL frames after which it is copied into the main file. */
  readonly checkpointFrames: number
  /** How long to wait for another process to let go of the files. */
  readonly lockWaitMs: number
}

interface Resources {
  readonly path: string
  readonly settings: DatabaseSettings
  readonly keeper: Connection
  readonly mainFile: MainFileReader
  readonly recorder: WalRecorder
  readonly history: History
  readonly unlock: () => void
}

/**
 * One open database: its files, its history, its turns. The commit path is: run statements on a connection while holding the turn,
 * then {@link recordCommits} before anyone is told that they were committed.
 */
export class Database {
  readonly turns: TurnQueue = new TurnQueue()
  readonly commits: CommitSignal = new CommitSignal()
  readonly history: History
  readonly #resources: Resources
  readonly #connections = new Set<Connection>()
  #framesAtCheckpoint = 0
  #checkpointed: number
  #failure: unknown = null

  private constructor(resources: Resources) {
    this.#resources = resources
    this.history = resources.history
    this.#checkpointed = resources.history.floor
  }

  /**
   * Opens the database in `directory`, which holds `main.db` and `history/`; creates both where they are missing.
   *
   * @param onRestart told why the history had to begin anew
   */
  static async open(
    directory: string,
    databaseId: string,
    settings: DatabaseSettings,
    onRestart: (reason: string) => void,
  ): Promise<Database> {
    const unlock = await lockDirectory(join(directory, 'lock'), settings.lockWaitMs)
    const path = join(directory, 'main.db')
    const closers: (() => void)[] = [unlock]
    try {
      const mainFile = MainFileReader.open(path)
      closers.unshift(() => mainFile.close())
      const keeper = openConnection(path, settings)
      closers.unshift(() => keeper.close())
      keeper.pragma('journal_mode = WAL')
      keeper.prepare('SELECT count(*) FROM sqlite_schema').get()
      const recorder = WalRecorder.open(path)
      closers.splice(1, 0, () => recorder.close())
      const options = {
        directory: join(directory, 'history'),
        databaseId,
        segmentBytes: settings.segmentBytes,
      }
      const { history, restarted } = recoverHistory(keeper, mainFile, recorder, options)
      if (restarted !== null) onRestart(restarted)
      return new Database({ path, settings, keeper, mainFile, recorder, history, unlock })
    } catch (error) {
      for (const close of closers) close()
      throw error
    }
  }

  /** False after a failure that leaves it unknown what is on disk: close it and open it again. */
  get isUsable(): boolean {
    return this.#failure === null
  }

  get revision(): string {
    return this.history.formatRevision(this.history.head)
  }

  status(): {
    readonly revision: string
    readonly sizeInPages: number
    readonly historyBytes: number
    readonly bytes: number
  } {
    const { history } = this
    const fileBytes =
      this.#resources.mainFile.sizeInPages * PAGE_SIZE + this.#resources.recorder.walFrames * FRAME_SIZE
    const sizeInPages = history.sizeAt(history.head)
    return {
      revision: this.revision,
      sizeInPages,
      historyBytes: history.bytes,
      bytes: fileBytes + history.bytes,
    }
  }

  /** A connection of the caller's own, closed with {@link releaseConnection}. */
  acquireConnection(): Connection {
    this.assertUsable()
    const connection = openConnection(this.#resources.path, this.#resources.settings)
    this.#connections.add(connection)
    return connection
  }

  releaseConnection(connection: Connection): void {
    this.#connections.delete(connection)
    connection.close()
  }

  /** @throws BusyError where {@link isUsable} is false */
  assertUsable(): void {
    if (this.#failure !== null)
      throw new BusyError('The database is being opened again', { cause: this.#failure })
  }

  /**
   * Brings everything committed so far into the history and wakes those who wait for it. Until this returns, no commit may be
   * acknowledged. A failure leaves the commits in the WAL, where the next opening finds them.
   */
  recordCommits(): void {
    this.assertUsable()
    try {
      if (!this.#resources.recorder.record(this.history)) return
      this.commits.notify()
      this.#checkpointIfDue()
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  /** Begins nothing new; whoever waits for a commit is woken. Every transaction must have ended. */
  close(): void {
    const { keeper, recorder, history, mainFile, unlock } = this.#resources
    this.commits.notify()
    for (const connection of this.#connections) connection.close()
    this.#connections.clear()
    try {
      if (this.#failure === null) this.#checkpoint('TRUNCATE')
    } finally {
      // SQLite's own checkpoint at the last close would lose images that the history needs, had ours not been complete.
      keeper.close()
      recorder.close()
      mainFile.close()
      history.close()
      unlock()
    }
  }

  #checkpointIfDue(): void {
    const frames = this.#resources.recorder.walFrames
    if (frames < this.#framesAtCheckpoint) this.#framesAtCheckpoint = 0
    if (frames - this.#framesAtCheckpoint >= this.#resources.settings.checkpointFrames)
      this.#checkpoint('PASSIVE')
  }

  #checkpoint(mode: 'PASSIVE' | 'TRUNCATE'): void {
    const { keeper, recorder, settings } = this.#resources
    if (recorder.uncheckpointedPages.size > 0) {
      this.history.beginCheckpoint(recorder.uncheckpointedPages)
      if (checkpoint(keeper, mode).isComplete) {
        recorder.checkpointed()
        this.#checkpointed = this.history.head
      }
    }
    this.#framesAtCheckpoint = recorder.walFrames
    this.history.compact(settings.retention, this.#checkpointed)
  }
}
