import { chmodSync, closeSync, fstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openCompanion } from './companion-file.ts'
import { replicaPaths } from './paths.ts'

/** The database itself and what SQLite makes. */
const NOT_OURS = new Set(['main', 'wal', 'sharedMemory'])

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('a file beside a database', () => {
  const names = Object.keys(replicaPaths('')).filter((name) => !NOT_OURS.has(name))

  it.each(names)('is closed to whom the database is closed to: %s', (name) => {
    const paths = replicaPaths(join(folder, 'notes.db'))
    writeFileSync(paths.main, '')
    chmodSync(paths.main, 0o600)
    const descriptor = openCompanion(paths[name as keyof typeof paths])
    expect(fstatSync(descriptor).mode & 0o777).toBe(0o600)
    closeSync(descriptor)
  })
})
