import { existsSync } from 'node:fs'

import { StateError } from '@tidemark/protocol'

import { captureForeignSchema } from '../capture/foreign-schema.ts'
import { hasCapture, installCapture, raiseChangeIds } from '../capture/install.ts'
import { acknowledgedChangeId } from '../apply/push-record.ts'
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
import { assertSqliteFile } from './sqlite-file.ts'

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
