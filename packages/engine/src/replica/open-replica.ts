import { existsSync, readSync } from 'node:fs'

import { PAGE_SIZE, StateError } from '@tidemark/protocol'

import { captureForeignSchema } from '../capture/foreign-schema.ts'
import { hasCapture, installCapture, raiseChangeIds } from '../capture/install.ts'
import { acknowledgedChangeId } from '../apply/push-record.ts'
import { acquireDescriptor, releaseDescriptor } from './descriptors.ts'
import { withDamageErrors } from './base-damaged.ts'
import { removeFile, syncDirectoryOf } from './durable-file.ts'
import { findBase, isOvertaken } from './find-base.ts'
import { loadInfo } from './info.ts'
import type { ReplicaInfo } from './info.ts'
import { isBaseLost } from './known-base.ts'
import { replicaPaths } from './paths.ts'
import { resumeInterruptedPull } from './recover-pull.ts'
import { ReplicaSession } from './session.ts'
import type { SessionOptions } from './replica-options.ts'

/** Opens an existing replica and finishes what a crash has interrupted. Under the sync lock. @throws StateError */
export function openReplica(path: string, options: SessionOptions): ReplicaSession {
  const paths = replicaPaths(path)
  if (!existsSync(paths.info)) {
    assertSqliteFile(path)
    throw new StateError(
      'TIDEMARK_NOT_SYNCED',
      `${path} exists and is not a Tidemark replica: it has no ${paths.info}. Open it with existing: 'adopt' to push all of it, or existing: 'replace' to start over from the server.`,
      { recovery: 'operator' },
    )
  }
  const info = loadInfo(paths.info)
  assertSqliteFile(path)
  return withDamageErrors(paths, () => openSession(path, info, options))
}

function openSession(path: string, info: ReplicaInfo, options: SessionOptions): ReplicaSession {
  const session = new ReplicaSession(path, info, options)
  const { paths } = session
  try {
    session.connections.patiently(options.busyTimeoutMs, () => {
      if (resumeInterruptedPull(session) === null) {
        session.replaceInfo(session.readInfo())
        session.setBase(findBase(session, session.info))
      }
      for (const leftover of [
        paths.bootstrap,
        paths.changes,
        paths.baseCopy,
        paths.pulledCopy,
        paths.nextReplay,
      ])
        removeFile(leftover)
      protectBase(session)
      ensureCapture(session)
    })
    return session
  } catch (error) {
    session.close()
    throw error
  }
}

/**
 * From here on the pin protects the base, whoever checkpoints. A base of which pages cannot be read, as
 * beside an older main file, counts as not known.
 */
export function protectBase(session: ReplicaSession): void {
  session.withWriteLock((index) => {
    try {
      const { watermark } = session.base
      if (watermark !== null) {
        session.seal(index)
        // Until then nothing kept a checkpoint of another program from going over what is read of the main file here.
        if (isOvertaken(session, watermark)) session.setBase(null)
      }
    } catch (error) {
      if (!isBaseLost(error)) throw error
      session.setBase(null)
    }
    if (session.base.watermark === null) session.connections.repin(index.maxFrame)
    session.save({})
  })
}

/**
 * Installs the CDC table and triggers, or brings them up to date with what other programs did to the schema.
 * No change gets an id that the server knows: those that had it may be gone with a damaged WAL, and the new
 * one would be taken for them. Installed means on disk, also where commits are not: a file without capture is
 * in the middle of a pull, and its pending changes in `-replay`.
 */
export function ensureCapture(session: ReplicaSession): void {
  const isNew = session.inWriteTransaction('installing change capture', (db) => {
    const { clientId, lastPushedChangeId, attemptedLastChangeId } = session.info
    const known = Math.max(acknowledgedChangeId(db, clientId), lastPushedChangeId, attemptedLastChangeId ?? 0)
    if (hasCapture(db)) {
      captureForeignSchema(db)
      raiseChangeIds(db, known + 1)
      return false
    }
    installCapture(db, { firstChangeId: known + 1 })
    return true
  })
  if (isNew && session.durability !== 'full') {
    session.wal.sync()
    syncDirectoryOf(session.paths.wal)
  }
}

const SQLITE_MAGIC = 'SQLite format 3\0'

/**
 * Checks that the file is a SQLite database with 4096-byte pages, without opening it by SQLite.
 *
 * @throws StateError `TIDEMARK_NOT_A_DATABASE`, `TIDEMARK_PAGE_SIZE`
 */
export function assertSqliteFile(path: string): void {
  const header = Buffer.alloc(100)
  const descriptor = acquireDescriptor(path)
  let length: number
  try {
    length = readSync(descriptor, header, 0, header.length, 0)
  } finally {
    releaseDescriptor(descriptor)
  }
  // An empty file is a database that nothing has been written to.
  if (length === 0) return
  if (header.toString('latin1', 0, 16) !== SQLITE_MAGIC) {
    throw new StateError(
      'TIDEMARK_NOT_A_DATABASE',
      `${path} is not a SQLite database, or its beginning is damaged. It was left as it is.`,
      { recovery: 'operator' },
    )
  }
  const stored = header.readUInt16BE(16)
  const pageSize = stored === 1 ? 65_536 : stored
  if (pageSize !== PAGE_SIZE) {
    throw new StateError(
      'TIDEMARK_PAGE_SIZE',
      `${path} has pages of ${pageSize} bytes; only ${PAGE_SIZE} can be synced. Convert a copy with: PRAGMA journal_mode = DELETE; PRAGMA page_size = ${PAGE_SIZE}; VACUUM;`,
      { recovery: 'operator' },
    )
  }
}
