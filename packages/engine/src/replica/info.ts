import { StateError } from '@tidemark/protocol'
import type { WalChecksum, WalSalts } from '@tidemark/protocol'

import { readInfoFile, replaceInfoFile } from './info-file.ts'

export const INFO_FORMAT = 1

/** A frame of the current WAL; frame 0 stands before the first. */
export interface Watermark {
  readonly frame: number
  readonly salts: WalSalts
  /** Checksum of that frame; of no meaning for frame 0. */
  readonly checksum: WalChecksum
}

/** What was patched in the injected page 1, to get the base's own bytes back (I1). */
export interface PageOnePatch {
  readonly schemaCookie: number
  /** Bytes 18 and 19. */
  readonly formatVersions: readonly [number, number]
}

/** Where the base is: `-wal-revert` over the frames up to the watermark over the main file. */
export interface BaseState {
  readonly watermark: Watermark
  /** True: no frame up to the watermark is needed, the main file has them all. */
  readonly backfilled: boolean
  /** The main file when this was written; a checkpoint changes it. Times in nanoseconds, decimal. */
  readonly mainFile: { readonly size: number; readonly mtimeNs: string }
  /** Frames of `-wal-revert` that belong to this base, under these salts. */
  readonly revert: { readonly salts: WalSalts; readonly frames: number } | null
  readonly pageOne: PageOnePatch | null
}

/** The sync state of a replica: the content of `<db>-info`. */
export interface ReplicaInfo {
  readonly format: typeof INFO_FORMAT
  /** Names this replica to the server. */
  readonly clientId: string
  /**
   * Its name before the server found that another replica pushes under it too; null once a pull has settled
   * what that one has pushed.
   */
  readonly previousClientId: string | null
  /** Where it syncs to; null until that is known. */
  readonly url: string | null
  /** The server's revision that the base is; empty: nothing was pulled yet. */
  readonly revision: string
  /** Size of the base in pages. */
  readonly sizeInPages: number
  /** Null: another program has checkpointed the overlay, so the base must be fetched again. */
  readonly base: BaseState | null
  /**
   * Another program has written while nothing captured it, and the base was not known: what it wrote has to
   * be found when the base is fetched.
   */
  readonly captureGap: boolean
  /** The pull that brought the base; see `ReplayPlan`. Null: a bootstrap, or none. */
  readonly replayId: string | null
  /** Id of the last push that the server acknowledged, hex. */
  readonly pushId: string | null
  /** Id of a push that was sent and whose answer has not been seen, hex. */
  readonly attemptedPushId: string | null
  /** The last change of that push: until it is settled nothing else goes under its id. Null: not known. */
  readonly attemptedLastChangeId: number | null
  /** Changes up to this id have been acknowledged by the server. */
  readonly lastPushedChangeId: number
  /** Seconds since the epoch. */
  readonly lastPullUnixTime: number | null
  readonly lastPushUnixTime: number | null
  /** What the server said about itself; owned by the SDK. */
  readonly server: unknown
}

/** State that SDKs may change at any time; the rest follows from engine operations. */
export type InfoPatch = Partial<
  Pick<
    ReplicaInfo,
    | 'clientId'
    | 'previousClientId'
    | 'url'
    | 'pushId'
    | 'attemptedPushId'
    | 'attemptedLastChangeId'
    | 'lastPushedChangeId'
    | 'lastPullUnixTime'
    | 'lastPushUnixTime'
    | 'server'
  >
>

export function initialInfo(clientId: string, url: string | null): ReplicaInfo {
  return {
    format: INFO_FORMAT,
    clientId,
    previousClientId: null,
    url,
    revision: '',
    sizeInPages: 0,
    base: null,
    captureGap: false,
    replayId: null,
    pushId: null,
    attemptedPushId: null,
    attemptedLastChangeId: null,
    lastPushedChangeId: 0,
    lastPullUnixTime: null,
    lastPushUnixTime: null,
    server: null,
  }
}

/** Durable when this returns: the old state or the new one survives a crash, never a mixture. */
export function saveInfo(path: string, info: ReplicaInfo): void {
  replaceInfoFile(path, info)
}

/**
 * @throws StateError `TIDEMARK_INFO_DAMAGED` when the file is not what {@link saveInfo} writes,
 * `TIDEMARK_INFO_TOO_NEW` when a newer version wrote it, `TIDEMARK_NOT_SYNCED` when Turso's client did
 */
export function loadInfo(path: string): ReplicaInfo {
  return parseInfo(path, readInfoFile(path))
}

/** The state of an {@link InfoFile} at `path`. Errors as {@link loadInfo}. */
export function parseInfo(path: string, parsed: unknown): ReplicaInfo {
  if (!isRecord(parsed)) throw damaged(path, 'nothing in it is intact')
  const format = parsed['format']
  if (typeof format === 'number' && format > INFO_FORMAT) {
    throw new StateError(
      'TIDEMARK_INFO_TOO_NEW',
      `${path} has format ${format}, this version knows up to ${INFO_FORMAT}. Open the database with the newer version that wrote it.`,
      { recovery: 'upgrade' },
    )
  }
  if (typeof parsed['version'] === 'string' && 'client_unique_id' in parsed) throw tursos(path)
  const info = { ...LATER_FIELDS, ...parsed }
  for (const [name, isValid] of Object.entries(FIELD_CHECKS)) {
    const value: unknown = info[name as keyof typeof info]
    if (!isValid(value)) throw damaged(path, `field "${name}" is ${JSON.stringify(value)}`)
  }
  return info as unknown as ReplicaInfo
}

function damaged(path: string, reason: string): StateError {
  return new StateError(
    'TIDEMARK_INFO_DAMAGED',
    `${path} is damaged: ${reason}. Restore it from a backup taken together with the database, or move it away and open with existing: 'adopt' (push everything) or 'replace' (start over).`,
    { recovery: 'reset' },
  )
}

/** Turso's client has files of the same names beside its database. */
function tursos(path: string): StateError {
  return new StateError(
    'TIDEMARK_NOT_SYNCED',
    `${path} is not Tidemark's, Turso's client wrote it. Push with that client, close it, move ${path} away, and open with existing: 'replace' (start over from the server). Or 'adopt' (push everything).`,
    { recovery: 'operator' },
  )
}

type Check = (value: unknown) => boolean

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText: Check = (value) => typeof value === 'string'
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isWordPair: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isCount)
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
const isRecordOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && Object.entries(checks).every(([name, check]) => check(value[name]))

/** What the first files of this format did not have. */
const LATER_FIELDS: Partial<ReplicaInfo> = {
  previousClientId: null,
  captureGap: false,
  attemptedLastChangeId: null,
}

const FIELD_CHECKS: Readonly<Record<keyof ReplicaInfo, Check>> = {
  format: (value) => value === INFO_FORMAT,
  clientId: (value) => typeof value === 'string' && value.length > 0,
  previousClientId: orNull(isText),
  url: orNull(isText),
  revision: isText,
  sizeInPages: isCount,
  base: orNull(
    isRecordOf({
      watermark: isRecordOf({ frame: isCount, salts: isWordPair, checksum: isWordPair }),
      backfilled: (value) => typeof value === 'boolean',
      mainFile: isRecordOf({ size: isCount, mtimeNs: isText }),
      revert: orNull(isRecordOf({ salts: isWordPair, frames: isCount })),
      pageOne: orNull(isRecordOf({ schemaCookie: isCount, formatVersions: isWordPair })),
    }),
  ),
  captureGap: (value) => typeof value === 'boolean',
  replayId: orNull(isText),
  pushId: orNull(isText),
  attemptedPushId: orNull(isText),
  attemptedLastChangeId: orNull(isCount),
  lastPushedChangeId: isCount,
  // Before 1970 where the machine's clock is wrong.
  lastPullUnixTime: orNull(Number.isSafeInteger),
  lastPushUnixTime: orNull(Number.isSafeInteger),
  server: () => true,
}

/** Changes up to this id may be known to the server. */
export function sentThrough({
  lastPushedChangeId,
  attemptedPushId,
  attemptedLastChangeId,
}: ReplicaInfo): number {
  if (attemptedPushId === null) return lastPushedChangeId
  return Math.max(lastPushedChangeId, attemptedLastChangeId ?? Number.MAX_SAFE_INTEGER)
}
