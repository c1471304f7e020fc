import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BusyError, FRAME_SIZE, PAGE_SIZE } from '@tidemark/protocol'
import { busyBecauseOf, explainDiskFailure, explainFailedOpening, isDiskFull } from '../disk-failure.ts'
import type { History } from '../history/history.ts'
import type { Retention } from '../history/retention.ts'
import { runAll } from '../run-all.ts'
import { CommitSignal } from './commit-signal.ts'
import { checkpoint, closersOf, openConnection } from './connection.ts'
import type { Closable, Connection, ConnectionSettings } from './connection.ts'
import { lockDirectory } from './database-lock.ts'
import { MainFileReader } from './main-file.ts'
import { recoverHistory } from './recover.ts'
import { SpareDescriptors } from './spare-descriptors.ts'
import { TurnQueue } from './turn-queue.ts'
import type { Turn } from './turn-queue.ts'
import { WalRecorder } from './wal-recorder.ts'

export interface DatabaseSettings extends ConnectionSettings {
  readonly retention: Retention
  readonly segmentBytes: number
  /** WAL frames after which it is copied into the main file. */
  readonly checkpointFrames: number
  /** How long to wait for another process to let go of the files. */
  readonly lockWaitMs: number
}

/** What the database tells whoever opened it. */
export interface DatabaseEvents {
  /** The history had to begin anew. */
  onRestart(reason: string): void
  /** Something failed that has not failed a request. */
  onProblem(message: string, error: unknown): void
  /**
   * `record` is to be called when the commit that has just been made was answered: see
   * {@link Database.acknowledgeCommit}.
   */
  onRecordDue(record: () => void): void
  /**
   * The WAL has become long: `checkpoint` is to be called soon, at best when the commit that made it so has
   * been answered.
   */
  onCheckpointDue(checkpoint: () => void): void
  /**
   * The WAL has become far too long, and cannot begin anew before the transactions that read from it have
   * ended: they are to be ended.
   */
  onReadersInTheWay(): void
  /** It is not known any more what is on disk: this process must end, and the next one look. Does not return. */
  onPanic(error: unknown): never
}

/** So many times the frames after which it is copied the WAL may have while transactions read from it. */
const MAX_WAL_CHECKPOINTS = 16

interface Resources {
  readonly path: string
  readonly historyDirectory: string
  readonly settings: DatabaseSettings
  readonly events: DatabaseEvents
  readonly keeper: Connection
  readonly mainFile: MainFileReader
  readonly recorder: WalRecorder
  readonly history: History
  readonly unlock: () => void
}

/**
 * One open database: its files, its history, its turns. The commit path is: run statements on a connection
 * while holding the turn ({@link takeTurn}), then {@link recordCommits}, or {@link acknowledgeCommit} for a
 * single commit, before anyone is told that they were committed.
 */
export class Database {
  readonly turns: TurnQueue = new TurnQueue()
  readonly commits: CommitSignal = new CommitSignal()
  readonly #history: History
  readonly #resources: Resources
  readonly #connections = new Set<Connection>()
  #framesAtCheckpoint = 0
  /** The history may be behind: a commit was acknowledged before it was recorded, or recording one has failed. */
  #isRecordAwaited = false
  /** Why recording fails; null: it does not. The operator has heard of it. */
  #recordFailure: unknown = null
  #isCheckpointAwaited = false
  #checkpointed: number
  #isHistoryDamaged = false
  #isClosed = false

  private constructor(resources: Resources) {
    this.#resources = resources
    this.#history = resources.history
    this.#checkpointed = resources.history.floor
  }

  /** Opens the database in `directory`, which holds `main.db` and `history/`; creates both where they are missing. */
  static async open(
    directory: string,
    databaseId: string,
    settings: DatabaseSettings,
    events: DatabaseEvents,
  ): Promise<Database> {
    const unlock = await lockDirectory(join(directory, 'lock'), settings.lockWaitMs)
    const path = join(directory, 'main.db')
    const historyDirectory = join(directory, 'history')
    let keeper: Connection | null = null
    const descriptors: Closable[] = []
    const spare = new SpareDescriptors()
    try {
      spare.open()
      const mainFile = MainFileReader.open(path)
      descriptors.unshift(mainFile)
      keeper = openConnection(path, settings)
      keeper.pragma('journal_mode = WAL')
      keeper.prepare('SELECT count(*) FROM sqlite_schema').get()
      const recorder = WalRecorder.open(path)
      descriptors.unshift(recorder)
      const options = { directory: historyDirectory, databaseId, segmentBytes: settings.segmentBytes }
      const { history, restarted } = recoverHistory(keeper, mainFile, recorder, options)
      spare.close()
      if (restarted !== null) events.onRestart(restarted)
      return new Database({
        path,
        historyDirectory,
        settings,
        events,
        keeper,
        mainFile,
        recorder,
        history,
        unlock,
      })
    } catch (error) {
      const explained = explainFailedOpening(error, directory)
      spare.close()
      runAll([...closersOf(keeper, descriptors, (failure) => events.onPanic(failure)), unlock])
      throw explained
    }
  }

  /**
   * The history, with all that was committed.
   *
   * @throws BusyError where it cannot be brought, as on a full disk: a client that is told of a revision
   * without its push takes that for lost
   */
  get history(): History {
    this.#assertRecorded()
    return this.#history
  }

  get revision(): string {
    return this.history.formatRevision(this.history.head)
  }

  /** The folder with its files. */
  get directory(): string {
    return dirname(this.#resources.path)
  }

  /**
   * False once somebody has moved or deleted its files, or put others in their place: what is committed now
   * is not where the next opening looks.
   */
  get isInPlace(): boolean {
    return this.#resources.mainFile.isInPlace
  }

  status(): {
    readonly revision: string
    readonly sizeInPages: number
    readonly historyBytes: number
    readonly bytes: number
  } {
    this.#recordAwaited()
    const history = this.#history
    const fileBytes =
      this.#resources.mainFile.sizeInPages * PAGE_SIZE + this.#resources.recorder.walFrames * FRAME_SIZE
    const sizeInPages = history.sizeAt(history.head)
    return {
      revision: history.formatRevision(history.head),
      sizeInPages,
      historyBytes: history.bytes,
      bytes: fileBytes + history.bytes,
    }
  }

  /**
   * The turn to write, as {@link TurnQueue.acquire} gives it.
   *
   * @throws BusyError also after {@link close}, and where the history cannot be written: what cannot be
   * recorded is not to be committed, and the WAL not to grow by it
   */
  async takeTurn(party: string, waitMs: number, signal?: AbortSignal): Promise<Turn> {
    const turn = await this.turns.acquire(party, waitMs, signal)
    try {
      this.assertOpen()
      this.#assertRecorded()
      this.#history.beginEpoch()
      return turn
    } catch (error) {
      turn.release()
      throw explainDiskFailure(error)
    }
  }

  /** A connection of the caller's own, closed with {@link releaseConnection}. @throws BusyError after {@link close} */
  acquireConnection(): Connection {
    this.assertOpen()
    const connection = openConnection(this.#resources.path, this.#resources.settings)
    this.#connections.add(connection)
    return connection
  }

  releaseConnection(connection: Connection): void {
    this.#connections.delete(connection)
    connection.close()
  }

  /** @throws BusyError after {@link close} */
  assertOpen(): void {
    if (this.#isClosed) throw new BusyError('The database was closed')
  }

  /**
   * Brings everything committed so far into the history and wakes those who wait for it. Until this has
   * returned, no commit may be acknowledged but by {@link acknowledgeCommit}. Where it throws, the commits
   * stay in the WAL, and whoever reads the history next brings them, or the next opening.
   *
   * @throws BusyError after {@link close}, and where the files are not in their place any more; the system's error
   */
  recordCommits(): void {
    this.#assertInPlace()
    try {
      this.#record()
    } catch (error) {
      if (this.#recordFailure === null)
        this.#resources.events.onProblem('a commit is in the WAL alone: the history cannot be written', error)
      this.#recordFailure = error
      throw error
    }
    const { settings, recorder } = this.#resources
    if (settings.durability === 'full') recorder.makeRoom()
    if (this.#isCheckpointAwaited || !this.#isCheckpointDue) return
    this.#isCheckpointAwaited = true
    this.#resources.events.onCheckpointDue(() => this.#checkpointWhenDue())
  }

  /**
   * For the commit that has just been made, in a turn: it is in the WAL, and comes into the history behind its
   * answer, or before anything else is read from there. So who has sent much does not wait until it is copied.
   *
   * @returns the revision that it is
   * @throws BusyError as {@link recordCommits}, and as {@link history} where it has to be recorded first
   */
  acknowledgeCommit(): string {
    this.#assertInPlace()
    this.#isRecordAwaited = true
    if (!this.#resources.recorder.isOneBehind) return this.revision
    this.#resources.events.onRecordDue(() => this.#recordAwaited())
    return this.#history.formatRevision(this.#history.head + 1)
  }

  /** To be called now and then while a large transaction is written: see {@link WalRecorder.flushAhead}. */
  flushAhead(): void {
    if (this.#resources.settings.durability === 'full') this.#resources.recorder.flushAhead()
  }

  /** The history was found damaged: closing throws it away, and the next opening begins another. */
  discardHistory(): void {
    this.#isHistoryDamaged = true
  }

  /**
   * Begins nothing new; whoever waits for a commit is woken. Every transaction must have ended. Where the
   * disk is full, the WAL keeps what the main file, or the history, has no room for: the next opening brings
   * it.
   *
   * @throws what the first step that failed has thrown, when all others are done
   */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { keeper, recorder, history, historyDirectory, mainFile, unlock, events } = this.#resources
    this.commits.notify()
    const connections = [...this.#connections]
    this.#connections.clear()
    // Whoever has moved them has all there is, WAL and history; what stands in their place is not ours.
    let isInPlace: boolean | null = null
    let isFinished = false
    const [failure] = runAll([
      ...connections.map((connection) => () => connection.close()),
      () => {
        isInPlace = this.isInPlace
        isFinished = isInPlace && this.#finishFiles()
      },
      () => {
        if (isFinished || isInPlace === false) keeper.close()
      },
      () => {
        if (isFinished && !this.#isHistoryDamaged && recorder.uncheckpointedPages.size === 0)
          this.#endCheckpoint()
      },
      ...closersOf(keeper, [recorder, mainFile, history], (error) => events.onPanic(error)),
      () => {
        if (isInPlace === true && this.#isHistoryDamaged)
          rmSync(historyDirectory, { recursive: true, force: true })
      },
      unlock,
    ])
    if (failure !== undefined) throw failure
  }

  /**
   * SQLite checkpoints when its last connection closes. Ours comes first, so that nothing is left which the
   * history needs.
   *
   * @returns false where the disk is full
   */
  #finishFiles(): boolean {
    const { keeper, events } = this.#resources
    try {
      if (this.#isHistoryDamaged) checkpoint(keeper, 'TRUNCATE')
      else {
        this.#record()
        this.#checkpoint('TRUNCATE')
      }
      return true
    } catch (error) {
      if (!isDiskFull(error)) events.onPanic(error)
      events.onProblem('the WAL is not copied into the main file: the disk is full', error)
      return false
    }
  }

  #recordAwaited(): void {
    if (!this.#isRecordAwaited || this.#isClosed) return
    try {
      this.recordCommits()
    } catch {
      // It was told. The commit stays in the WAL: who comes next tries again, or the next opening brings it.
    }
  }

  /** @throws BusyError where the history cannot be brought up to the last commit */
  #assertRecorded(): void {
    this.#recordAwaited()
    if (!this.#isRecordAwaited || this.#isClosed) return
    throw busyBecauseOf(
      this.#recordFailure,
      'What was committed last cannot be recorded: the disk is full, or fails. Nothing more is committed before it can be',
    )
  }

  #assertInPlace(): void {
    this.assertOpen()
    if (!this.isInPlace) throw new BusyError('The files of the database were moved or replaced')
  }

  #record(): void {
    this.#isRecordAwaited = true
    if (this.#resources.recorder.record(this.#history)) this.commits.notify()
    this.#isRecordAwaited = false
    this.#recordFailure = null
  }

  /**
   * Without it, the next opening has less to know by whether another program has changed the main file since,
   * which nobody else does before the next checkpoint.
   */
  #endCheckpoint(): void {
    const { history, mainFile, events } = this.#resources
    try {
      if (history.mainFileMs === mainFile.modifiedMs) return
      mainFile.flush()
      history.endCheckpoint(mainFile.modifiedMs)
    } catch (error) {
      events.onProblem('the history could not be told of a checkpoint', error)
    }
  }

  get #isCheckpointDue(): boolean {
    const frames = this.#resources.recorder.recordedFrames
    if (frames < this.#framesAtCheckpoint) this.#framesAtCheckpoint = 0
    return frames - this.#framesAtCheckpoint >= this.#resources.settings.checkpointFrames
  }

  /**
   * What was committed since it was asked for goes into the history first: the main file gets nothing that
   * the history does not have.
   */
  #checkpointWhenDue(): void {
    this.#isCheckpointAwaited = false
    if (this.#isClosed) return
    try {
      this.#record()
    } catch (error) {
      this.#resources.events.onProblem('checkpoint is postponed: the history cannot be written', error)
      return
    }
    if (!this.#isCheckpointDue) return
    this.#checkpointUnlessFull()
    const { recorder, settings, events } = this.#resources
    if (recorder.walFrames < settings.checkpointFrames * MAX_WAL_CHECKPOINTS) return
    events.onReadersInTheWay()
    this.#checkpointUnlessFull()
  }

  /** A full disk postpones the checkpoint; anything else that fails leaves it unknown what is on disk. */
  #checkpointUnlessFull(): void {
    const { recorder, events } = this.#resources
    try {
      this.#checkpoint('PASSIVE')
    } catch (error) {
      if (!isDiskFull(error)) events.onPanic(error)
      events.onProblem('checkpoint is postponed: the disk is full', error)
    }
    this.#framesAtCheckpoint = recorder.walFrames
  }

  /** Copies the WAL into the main file and drops history that is not retained any more. */
  #checkpoint(mode: 'PASSIVE' | 'TRUNCATE'): void {
    const { keeper, recorder, settings } = this.#resources
    if (recorder.uncheckpointedPages.size > 0) {
      this.#history.beginCheckpoint(recorder.uncheckpointedPages)
      if (checkpoint(keeper, mode).isComplete) {
        recorder.checkpointed()
        this.#checkpointed = this.#history.head
        this.#endCheckpoint()
      }
    }
    this.#history.compact(settings.retention, this.#checkpointed)
  }
}
