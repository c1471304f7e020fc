import { describe, expect, test } from 'vitest'
import type { ConnectOptions } from './connect-options.ts'
import { validateOptions } from './settings.ts'

test('fills in the defaults', () => {
  const settings = validateOptions({ path: 'a.db' })
  expect(settings).toMatchObject({
    path: 'a.db',
    url: null,
    authToken: null,
    protocol: 'auto',
    timeoutMs: 30_000,
    longPollTimeoutMs: 0,
    pushOperationsThreshold: null,
    pullPagesThreshold: null,
    conflictResolution: 'last-push-wins',
    detectConflicts: false,
    autoCheckpoint: { pages: 1000, ceilingPages: 16_000 },
    durability: 'full',
    existing: 'refuse',
  })
})

test('a threshold in bytes becomes whole pages, at least one', () => {
  expect(validateOptions({ path: 'a.db', pullBytesThreshold: 100_000 }).pullPagesThreshold).toBe(24)
  expect(validateOptions({ path: 'a.db', pullBytesThreshold: 1 }).pullPagesThreshold).toBe(1)
})

test.for([
  ['http://localhost:8080/db/notes/', 'http://localhost:8080/db/notes'],
  ['libsql://notes-me.turso.io', 'https://notes-me.turso.io'],
  ['TURSO://Notes.example', 'https://notes.example'],
])('the URL %s means %s', ([url, meant]) => {
  expect(validateOptions({ path: 'a.db', url: url! }).url?.()).toBe(meant)
})

test('a URL function is asked each time and may give null', () => {
  let url: string | null = null
  const settings = validateOptions({ path: 'a.db', url: () => url })
  expect(settings.url?.()).toBeNull()
  url = 'http://localhost/db/x'
  expect(settings.url?.()).toBe('http://localhost/db/x')
  url = 'nonsense'
  expect(() => settings.url?.()).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTIONS' }) as Error)
})

describe('nonsense is refused with the option by name', () => {
  const cases: readonly [string, object][] = [
    ['path', {}],
    ['path', { path: '' }],
    ['path', { path: 7 }],
    ['url', { path: 'a', url: '' }],
    ['url', { path: 'a', url: 'ftp://x' }],
    ['url', { path: 'a', url: 'localhost:8080' }],
    ['url', { path: 'a', url: 'http://' }],
    ['url', { path: 'a', url: 'http://me:secret@host/' }],
    ['url', { path: 'a', url: 'http://host/?x=1' }],
    ['authToken', { path: 'a', authToken: '' }],
    ['protocol', { path: 'a', protocol: 'http' }],
    ['fetch', { path: 'a', fetch: 'x' }],
    ['timeoutMs', { path: 'a', timeoutMs: 0 }],
    ['timeoutMs', { path: 'a', timeoutMs: '5' }],
    ['longPollTimeoutMs', { path: 'a', longPollTimeoutMs: -1 }],
    ['pushOperationsThreshold', { path: 'a', pushOperationsThreshold: 0 }],
    ['pullBytesThreshold', { path: 'a', pullBytesThreshold: 0.5 }],
    ['transform', { path: 'a', transform: {} }],
    ['conflictResolution', { path: 'a', conflictResolution: 'mine' }],
    ['conflictResolution.note', { path: 'a', conflictResolution: { note: 'theirs' } }],
    ['detectConflicts', { path: 'a', detectConflicts: 1 }],
    ['autoCheckpoint.pages', { path: 'a', autoCheckpoint: 0 }],
    ['autoCheckpoint.ceilingPages', { path: 'a', autoCheckpoint: { pages: 10, ceilingPages: 5 } }],
    ['durability', { path: 'a', durability: 'none' }],
    ['existing', { path: 'a', existing: 'overwrite' }],
    ['retry.attempts', { path: 'a', retry: { attempts: 0 } }],
    ['retry.tries', { path: 'a', retry: { tries: 1 } }],
    ['syncUrl', { path: 'a', syncUrl: 'http://x' }],
  ]
  test.for(cases)('%s: %o', ([option, options]) => {
    expect(() => validateOptions(options as ConnectOptions)).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OPTIONS', option }) as Error,
    )
  })
})
