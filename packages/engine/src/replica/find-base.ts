import type { WalIndexHeader } from '../wal/wal-index.ts'
import { readAttemptedFrames, readBackfilledFrames } from '../wal/wal-index.ts'
import type { BaseState, PageOnePatch, ReplicaInfo, Watermark } from './info.ts'
import { isUnchanged } from './main-file.ts'
import type { ReplicaSession } from './session.ts'

/**
 * Finds the base of a replica that was not open, and loads its `-wal-revert`. Null: another program has moved
 * overlay pages into the main file, or files are missing or damaged, so the base must be fetched again.
 *
 * | found | base |
 * | --- | --- |
 * | nothing was ever pulled | empty; the watermark is of no meaning |
 * | the WAL under the recorded salts, frame W as recorded; and it ends with W, or the main file is unchanged | up to W |
 * | another WAL or none, and the main file unchanged, which had all of the base | the main file |
 * | anything else | not known |
 */
export function findBase(
  session: ReplicaSession,
  info: ReplicaInfo,
): { readonly watermark: Watermark; readonly pageOne: PageOnePatch | null } | null {
  const index = session.readIndex()
  if (info.sizeInPages === 0) {
    return { watermark: { frame: 0, salts: index.salts, checksum: [0, 0] }, pageOne: null }
  }
  if (info.base === null) return null
  const watermark = findWatermark(session, info.base, index)
  if (watermark === null || !loadRevert(session, info.base)) return null
  return { watermark, pageOne: info.base.pageOne }
}

function findWatermark(session: ReplicaSession, base: BaseState, index: WalIndexHeader): Watermark | null {
  const { watermark, mainFile } = base
  if (equal(watermark.salts, index.salts) && holdsFrame(session, watermark, index)) {
    return isMainFileIntact(session, { frame: watermark.frame, mainFile }, index) ? watermark : null
  }
  const isAllInMain = base.backfilled && isUnchanged(session.paths.main, mainFile)
  return isAllInMain ? { frame: 0, salts: index.salts, checksum: [0, 0] } : null
}

/**
 * Whether the main file has nothing newer than frame `base.frame` of the current WAL. That it has changed
 * since `mainFile` was recorded is harmless while what was copied to it is known to belong to the base. An
 * empty WAL does not tell: another one may have been there, moved into the main file and removed, and the
 * salts are 0 before the first and after the last.
 */
export function isMainFileIntact(
  session: ReplicaSession,
  base: { readonly frame: number; readonly mainFile: BaseState['mainFile'] | null },
  index: WalIndexHeader,
): boolean {
  if (index.maxFrame > 0 && index.maxFrame === base.frame) return true
  const backfilled = readBackfilledFrames(session.shmDescriptor)
  if (backfilled > 0 && readAttemptedFrames(session.shmDescriptor) <= base.frame) return true
  return base.mainFile !== null && isUnchanged(session.paths.main, base.mainFile)
}

/** Whether another program may have copied frames behind `watermark` into the main file since the base was found. */
export function isOvertaken(session: ReplicaSession, watermark: Watermark): boolean {
  const { base } = session.info
  if (base === null || readAttemptedFrames(session.shmDescriptor) <= watermark.frame) return false
  return !isUnchanged(session.paths.main, base.mainFile)
}

function holdsFrame(session: ReplicaSession, watermark: Watermark, index: WalIndexHeader): boolean {
  if (watermark.frame === 0) return true
  if (watermark.frame > index.maxFrame) return false
  const header = session.wal.frameHeader(watermark.frame)
  return header !== null && equal(header.checksum, watermark.checksum)
}

/** False when the file is damaged: the base is then not known. */
function loadRevert(session: ReplicaSession, base: BaseState): boolean {
  try {
    session.revert.load(base.revert)
    return true
  } catch {
    return false
  }
}

const equal = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] === b[0] && a[1] === b[1]
