/**
 * Which calls in our sources change what is on disk: those of `node:fs`, and those of the helpers around
 * them. A helper is not a place of its own: each of its callers is.
 */
import { MUTATING_CALLS } from '../simulator/file-calls.ts'

/** Calls of `node:fs` that change no content and no name of a file that counts. */
export const HARMLESS: ReadonlySet<string> = new Set([
  'accessSync',
  'chmodSync',
  'fchmodSync',
  'fchownSync',
  'futimesSync',
  'lchownSync',
  'constants',
  'openAsBlob',
  'close',
  'closeSync',
  'readSync',
  'fstatSync',
  'lstatSync',
  'statSync',
  'statfsSync',
  'existsSync',
  'readFileSync',
  'readdirSync',
  'readlinkSync',
  'realpathSync',
  'mkdtempSync',
])

/** Calls that do, by themselves or with the flags that {@link CREATES} finds; those of `node:fs/promises` as well. */
export const DURABLE: ReadonlySet<string> = new Set([...MUTATING_CALLS, 'fdatasync', 'open', 'rm'])

/** In the arguments of an `openSync` that makes a file or empties one. */
export const CREATES = /O_CREAT|O_TRUNC|'[wa]/

interface Helper {
  /** Functions of the module, as a call site names what it is in; null: all of them. */
  readonly within: RegExp | null
  /** What stands before the brackets where one of them is called. */
  readonly called: RegExp
}

/** By module below `packages/`. */
export const HELPERS: Readonly<Record<string, Helper>> = {
  'engine/src/wal/wal-file.ts': {
    within: null,
    called:
      /^writeFully$|\.write(?:Header|Frames)$|(?:wal|[fF]ile)\.sync$|^syncAside$|session\.wal\.syncAside$/,
  },
  'engine/src/wal/wal-index.ts': { within: null, called: /^(?:appendPageNumbers|publishHeader)$/ },
  'engine/src/replica/companion-file.ts': { within: /^openCompanion$/, called: /^openCompanion$/ },
  'engine/src/wal/inject.ts': { within: null, called: /^injectPages$/ },
  'engine/src/replica/durable-file.ts': {
    within: null,
    called: /^(?:syncDirectoryOf|replaceFile|removeDurably|removeFile)$/,
  },
  'engine/src/replica/info-file.ts': {
    within: null,
    called: /^replaceInfoFile$|infoFile\.(?:replace|update|updateAside)$/,
  },
  'engine/src/replica/info.ts': { within: /^saveInfo$/, called: /^saveInfo$/ },
  'engine/src/replica/replay-file.ts': { within: null, called: /^new ReplayFile$|replay\.seal$/ },
  'engine/src/replica/write-database.ts': { within: null, called: /^writeDatabase$/ },
  'engine/src/replica/revert-file.ts': { within: null, called: /revert\.(?:append|clear)$/ },
  'engine/src/replica/session.ts': {
    within: /^ReplicaSession\.(?:save|saveOnly|saveOnlyAside|seal)$/,
    called: /session\.(?:save|saveOnly|saveOnlyAside|seal)$/,
  },
  'engine/src/replica/replica.ts': {
    within: /^Replica\.(?:updateInfo|recordAttempt|acknowledgePush)$/,
    called: /\.(?:updateInfo|recordAttempt|acknowledgePush)$/,
  },
  'server/src/history/segmented-log.ts': {
    within: /^SegmentedLog\.(?:write|sync|truncate|dropBefore|place|begin)$|^syncDirectory$/,
    called: /(?:^|\.)log\.(?:write|sync|truncate|dropBefore|place)$/,
  },
  'server/src/history/record.ts': { within: null, called: /^appendRecord$/ },
  'server/src/catalog/catalog.ts': {
    within: /^writeDurably$/,
    called: /^writeDurably$/,
  },
  'server/src/catalog/make-directory.ts': { within: /^syncDirectory$/, called: /^syncDirectory$/ },
  'server/src/replica-frames/generation-file.ts': { within: null, called: /^writeGenerations$/ },
}
