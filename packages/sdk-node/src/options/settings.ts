import { setTimeout as sleep } from 'node:timers/promises'
import { isTidemarkError } from '@tidemark/protocol'
import type { Conflict } from '@tidemark/engine'
import { OptionsError } from '../errors/options-error.ts'
import type { ConflictResolution } from '../sync/conflict-resolution.ts'
import { checkConflictResolution } from '../sync/conflict-resolution.ts'
import type { Transform } from '../transform/mutation.ts'
import { parseRemoteUrl } from '../transport/remote-url.ts'
import {
  checkAtLeast,
  checkBoolean,
  checkChoice,
  checkFunction,
  checkInteger,
  checkKeys,
  checkText,
} from './check-option.ts'
import type { ConnectOptions, RetryOptions } from './connect-options.ts'

/** The page size of every synced file, bytes. */
const PAGE_BYTES = 4096

export interface CheckpointThresholds {
  readonly pages: number
  readonly ceilingPages: number
}

/** {@link ConnectOptions} after validation, with every default in place. */
export interface Settings {
  readonly path: string
  /** Null: the saved URL. */
  readonly url: (() => string | null) | null
  readonly authToken: (() => string | Promise<string>) | null
  readonly clientName: string
  readonly protocol: 'auto' | 'tidemark' | 'turso'
  readonly fetch: typeof fetch | null
  readonly retry: Required<RetryOptions>
  readonly timeoutMs: number
  readonly longPollTimeoutMs: number
  readonly pushOperationsThreshold: number | null
  readonly pullPagesThreshold: number | null
  readonly transform: Transform | null
  readonly conflictResolution: ConflictResolution
  readonly onConflict: ((conflict: Conflict) => void) | null
  readonly detectConflicts: boolean
  readonly onRejected: 'stop' | 'quarantine'
  readonly autoCheckpoint: CheckpointThresholds | null
  readonly durability: 'full' | 'normal'
  readonly existing: 'refuse' | 'adopt' | 'replace'
}

const KNOWN_OPTIONS: readonly (keyof ConnectOptions)[] = [
  'path',
  'url',
  'authToken',
  'clientName',
  'protocol',
  'fetch',
  'retry',
  'timeoutMs',
  'longPollTimeoutMs',
  'pushOperationsThreshold',
  'pullBytesThreshold',
  'transform',
  'conflictResolution',
  'onConflict',
  'detectConflicts',
  'onRejected',
  'autoCheckpoint',
  'durability',
  'existing',
]

/** @throws OptionsError for anything that makes no sense */
export function validateOptions(options: ConnectOptions): Settings {
  checkKeys('options', options, KNOWN_OPTIONS)
  for (const name of ['fetch', 'transform', 'onConflict'] as const) {
    if (options[name] !== undefined) checkFunction(name, options[name])
  }
  const path = checkText('path', options.path)
  if (path.includes('\0')) throw new OptionsError('path', 'must not have a NUL character in it')
  if (path !== path.trimEnd())
    throw new OptionsError('path', 'must not end in white space, which better-sqlite3 leaves out')
  return {
    path,
    url: urlSource(options.url),
    authToken: tokenSource(options.authToken),
    clientName: checkText('clientName', options.clientName ?? 'tidemark'),
    protocol: checkChoice('protocol', options.protocol ?? 'auto', ['auto', 'tidemark', 'turso']),
    fetch: options.fetch ?? null,
    retry: validateRetry(options.retry ?? {}),
    timeoutMs: checkInteger('timeoutMs', options.timeoutMs ?? 30_000, 1),
    longPollTimeoutMs: checkInteger('longPollTimeoutMs', options.longPollTimeoutMs ?? 0, 0),
    pushOperationsThreshold:
      options.pushOperationsThreshold === undefined
        ? null
        : checkInteger('pushOperationsThreshold', options.pushOperationsThreshold, 1),
    pullPagesThreshold:
      options.pullBytesThreshold === undefined
        ? null
        : Math.max(
            1,
            Math.floor(checkInteger('pullBytesThreshold', options.pullBytesThreshold, 1) / PAGE_BYTES),
          ),
    transform: options.transform ?? null,
    conflictResolution: checkConflictResolution(options.conflictResolution ?? 'last-push-wins'),
    onConflict: options.onConflict ?? null,
    detectConflicts: checkBoolean('detectConflicts', options.detectConflicts ?? false),
    onRejected: checkChoice('onRejected', options.onRejected ?? 'stop', ['stop', 'quarantine']),
    autoCheckpoint: validateAutoCheckpoint(options.autoCheckpoint ?? {}),
    durability: checkChoice('durability', options.durability ?? 'full', ['full', 'normal']),
    existing: checkChoice('existing', options.existing ?? 'refuse', ['refuse', 'adopt', 'replace']),
  }
}

function urlSource(url: ConnectOptions['url']): Settings['url'] {
  if (url === undefined) return null
  if (typeof url === 'function') {
    return () => {
      const current = url()
      return current === null ? null : parseRemoteUrl(checkText('url', current))
    }
  }
  const fixed = parseRemoteUrl(checkText('url', url))
  return () => fixed
}

function tokenSource(token: ConnectOptions['authToken']): Settings['authToken'] {
  if (token === undefined) return null
  if (typeof token === 'function') return token
  const fixed = checkText('authToken', token)
  return () => fixed
}

function validateRetry(retry: RetryOptions): Required<RetryOptions> {
  checkKeys('retry', retry, ['attempts', 'delayMs', 'backoff', 'maxDelayMs', 'shouldRetry', 'wait'])
  for (const name of ['shouldRetry', 'wait'] as const) {
    if (retry[name] !== undefined) checkFunction(`retry.${name}`, retry[name])
  }
  return {
    attempts: checkInteger('retry.attempts', retry.attempts ?? 4, 1),
    delayMs: checkAtLeast('retry.delayMs', retry.delayMs ?? 200, 0),
    backoff: checkAtLeast('retry.backoff', retry.backoff ?? 2, 1),
    maxDelayMs: checkAtLeast('retry.maxDelayMs', retry.maxDelayMs ?? 10_000, 0),
    shouldRetry: retry.shouldRetry ?? ((error) => isTidemarkError(error) && error.recovery === 'retry'),
    wait: retry.wait ?? ((ms, signal) => sleep(ms, undefined, { signal })),
  }
}

function validateAutoCheckpoint(
  option: NonNullable<ConnectOptions['autoCheckpoint']>,
): CheckpointThresholds | null {
  if (option === false) return null
  const chosen = typeof option === 'number' ? { pages: option } : option
  checkKeys('autoCheckpoint', chosen, ['pages', 'ceilingPages'])
  const pages = checkInteger('autoCheckpoint.pages', chosen.pages ?? 1000, 1)
  return {
    pages,
    ceilingPages: checkInteger(
      'autoCheckpoint.ceilingPages',
      chosen.ceilingPages ?? Math.max(16_000, pages),
      pages,
    ),
  }
}
