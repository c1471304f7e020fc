import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'

import { BusyError } from '@tidemark/protocol'
import type { StateError } from '@tidemark/protocol'
import Database from 'better-sqlite3'

import { decodeRejected } from '../queue/rejected-changes.ts'
import { injectPages } from '../wal/inject.ts'
import type { PageImage } from '../wal/inject.ts'
import { WalFile } from '../wal/wal-file.ts'
import { readWalIndexHeader } from '../wal/wal-index.ts'
import { patchPageOne } from './apply-pull.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import { isBaseDamaged } from './base-damaged.ts'
import { PullStage } from './changes-file.ts'
import { acquireDescriptor, releaseDescriptor } from './descriptors.ts'
import { removeFile, syncDirectoryOf } from './durable-file.ts'
import { explainFileFailure } from './file-failure.ts'
import { loadInfo } from './info.ts'
import { openReplica } from './open-replica.ts'
import { replicaPaths } from './paths.ts'
import type { ReplicaPaths } from './paths.ts'
import { readReplayPlan, readReplayRecords, ReplayFile } from './replay-file.ts'
import type { ReplayPlan } from './replay-file.ts'
import type { SessionOptions } from './replica-options.ts'
import type { StagedPages, StagedPull } from './staged-pages.ts'
import { SyncLock } from './sync-lock.ts'
import { withBusyErrors } from './sqlite-errors.ts'

export interface RepairOptions {
  readonly session: SessionOptions
  readonly lockTimeoutMs: number
  /** False: what is pending is dropped. */
  readonly keepPending: boolean
}

/** Fills the stage with all pages of a revision. */
export type WholeDownload = (stage: PullStage) => Promise<Pick<StagedPull, 'revision' | 'sizeInPages'>>

/**
 * Gets a replica out of a damaged base. SQLite cannot read the database, so nothing of it is used: all pages
 * are injected anew under SQLite's write lock, and `-replay`, which has all that was pending since the damage
 * came in, is kept with a header that names the new injection. What finishes an interrupted pull then
 * finishes this one: `reopen` is to cause that. Does nothing but `reopen` where another process has repaired
 * the file meanwhile.
 *
 * A crash leaves the damaged base with `-replay`, or the new one with `-replay`.
 *
 * @throws BusyError; ProtocolError when pages are missing; StateError when what is pending is to be kept and
 * is not in `-replay`
 */
export async function repairBase<T>(
  path: string,
  options: RepairOptions,
  download: WholeDownload,
  reopen: () => Promise<T>,
): Promise<T> {
  const paths = replicaPaths(path)
  const lock = new SyncLock(paths.lock)
  let connection: Database.Database | null = null
  try {
    await lock.acquire(options.lockTimeoutMs)
    const damage = findDamage(path, options.session)
    if (damage !== null) {
      if (options.keepPending && readReplayPlan(paths.replay) === null) throw damage
      const stage = await stageWhole(paths, download)
      // Stays open until the replica is: the last one to close moves the WAL into the main file, and the end
      // of the injection with it.
      connection = new Database(path, { timeout: options.session.busyTimeoutMs })
      injectWhole(connection, paths, stage, options.keepPending)
    }
    lock.release()
    return await reopen()
  } catch (error) {
    throw explainFileFailure(path, error)
  } finally {
    connection?.close()
    lock.close()
  }
}

function findDamage(path: string, options: SessionOptions): StateError | null {
  try {
    openReplica(path, options).close()
    return null
  } catch (error) {
    if (isBaseDamaged(error)) return error
    throw error
  }
}

async function stageWhole(paths: ReplicaPaths, download: WholeDownload): Promise<PullStage> {
  const stage = new PullStage(paths.changes)
  try {
    stage.finish({ ...(await download(stage)), isWhole: true })
    return stage
  } catch (error) {
    stage.abort()
    throw error
  }
}

/** Uses no statement for which SQLite would read the schema. */
function injectWhole(
  connection: Database.Database,
  paths: ReplicaPaths,
  whole: PullStage,
  keepPending: boolean,
): void {
  connection.pragma('wal_autocheckpoint = 0')
  // Makes SQLite write a frame, so that the WAL has a header.
  connection.pragma(`user_version = ${connection.pragma('user_version', { simple: true }) as number}`)
  const stage = whole.open()!
  const wal = WalFile.open(paths.wal)
  const shmDescriptor = acquireDescriptor(paths.sharedMemory)
  try {
    withBusyErrors('taking the write lock', () => connection.exec('BEGIN IMMEDIATE'))
    try {
      injectUnderLock({ connection, paths, stage, wal, shmDescriptor, keepPending })
    } finally {
      connection.exec('COMMIT')
    }
  } finally {
    releaseDescriptor(shmDescriptor)
    wal.close()
    stage.close()
  }
}

function injectUnderLock(parts: {
  readonly connection: Database.Database
  readonly paths: ReplicaPaths
  readonly stage: StagedPages
  readonly wal: WalFile
  readonly shmDescriptor: number
  readonly keepPending: boolean
}): void {
  const { connection, paths, stage, wal, shmDescriptor } = parts
  const { revision, sizeInPages } = stage.staged
  const pageOne = stage.staged.pageOne!
  const index = readWalIndexHeader(shmDescriptor)
  if (index.maxFrame === 0) throw new BusyError('Another program has checkpointed the file. Try again.')
  const cookie =
    Math.max(connection.pragma('schema_version', { simple: true }) as number, pageOne.schemaCookie) + 1
  const replaced = readReplayPlan(paths.replay)
  const info = loadInfo(paths.info)
  // Where the damaged revision has been recorded already, the replica may have been at another one before.
  const isBaseOfPending = replaced === null || replaced.isSameBase || info.replayId !== replaced.replayId
  const replay = new ReplayFile(
    paths.nextReplay,
    replaced === null ? [] : keptRecords(paths.replay, parts.keepPending),
  )
  try {
    injectPages({
      wal,
      shmDescriptor,
      index,
      sizeInPages,
      pages: patchPageOne(pagesOf(stage), cookie),
      beforeCommit: (end) => {
        const plan: ReplayPlan = {
          ...end,
          replayId: randomBytes(16).toString('hex'),
          revision,
          isSameBase: isBaseOfPending && revision === info.revision,
          sizeInPages,
          pageOne,
          salts: index.salts,
          maxChangeId: Math.max(replaced?.maxChangeId ?? 0, info.lastPushedChangeId),
          enforceForeignKeys: replaced?.enforceForeignKeys ?? false,
        }
        replay.seal(plan)
        // Never without a complete one: what is pending is nowhere else.
        renameSync(paths.nextReplay, paths.replay)
        syncDirectoryOf(paths.replay)
      },
    })
  } finally {
    replay.close()
    removeFile(paths.nextReplay)
  }
}

function* pagesOf(stage: StagedPages): Generator<PageImage> {
  for (const page of stage.pages()) if (page.pageNumber !== LOCK_BYTE_PAGE) yield page
}

function* keptRecords(path: string, keepPending: boolean): Generator<Uint8Array> {
  for (const record of readReplayRecords(path)) {
    if (keepPending || decodeRejected(record) !== null) yield record
  }
}
