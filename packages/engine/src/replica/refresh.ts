import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import { BusyError } from '@tidemark/protocol'

import { findBase } from './find-base.ts'
import { isUnchanged } from './main-file.ts'
import { protectBase } from './open-replica.ts'
import type { ReplicaInfo } from './info.ts'
import { resumeInterruptedPull } from './recover-pull.ts'
import type { ReplicaSession } from './session.ts'

const TIMEOUT_MS = 1000
const RETRY_MS = 10

/**
 * Takes over what another process has done to the replica since, and finishes what it left unfinished. Under
 * the sync lock.
 *
 * @throws BusyError, StateError `TIDEMARK_FILE_REPLACED`
 */
export function refresh(session: ReplicaSession): void {
  session.assertInPlace()
  if (resumeInterruptedPull(session) !== null) return
  const info = session.readInfo()
  if (isSame(info, session.info)) {
    recordMainFile(session)
    return
  }
  session.replaceInfo(info)
  session.setBase(findBase(session, info))
  protectBase(session)
}

/**
 * Somebody else has checkpointed, or the end of our own checkpoint could not be recorded. The pin has let
 * nothing into the main file but what belongs to the base or has its base image on disk, and after a crash
 * only the file's time can tell that.
 */
function recordMainFile(session: ReplicaSession): void {
  const { base } = session.info
  const isKnown = base !== null && session.base.watermark !== null && !session.base.isAssumed
  if (isKnown && !isUnchanged(session.paths.main, base.mainFile)) session.save({})
}

/** {@link refresh}. A program that writes just now is waited for, but not long: it may be this one. */
export async function refreshPatiently(session: ReplicaSession): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS
  for (;;) {
    try {
      return refresh(session)
    } catch (error) {
      if (!(error instanceof BusyError) || performance.now() >= deadline) throw error
      await sleep(RETRY_MS)
    }
  }
}

/** When the server was last heard to have nothing new is not kept in the file. */
function isSame(one: ReplicaInfo, other: ReplicaInfo): boolean {
  const fields = Object.keys(one) as (keyof ReplicaInfo)[]
  return fields.every(
    (field) =>
      field === 'lastPullUnixTime' ||
      one[field] === other[field] ||
      // What has the same text is the same, which is seen in a tenth of the time.
      JSON.stringify(one[field]) === JSON.stringify(other[field]) ||
      isDeepStrictEqual(one[field], other[field]),
  )
}
