import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeDirectory } from './make-directory.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-folder-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

test('a folder is made with those above it, for its owner alone, and stays as it is', () => {
  const path = join(directory, 'a', 'b')
  makeDirectory(path)
  makeDirectory(path)
  for (const made of [path, join(directory, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700)
})

test('a folder in one that may not be listed can be used', () => {
  const path = join(directory, 'a')
  mkdirSync(path)
  chmodSync(directory, 0o311)
  const user = process.geteuid!()
  // Root may list all.
  if (user === 0) process.seteuid!(65_534)
  try {
    makeDirectory(path)
  } finally {
    process.seteuid!(user)
    chmodSync(directory, 0o700)
  }
})

test('what is no folder is named, wherever it is in the way', () => {
  const file = join(directory, 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'a', 'b')])
    expect(() => makeDirectory(path)).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_NOT_A_FOLDER', message: `${file} is not a folder` }),
    )
})

test.runIf(existsSync('/proc/self'))(
  'a file system that takes no folder is no reason to try for ever',
  () => {
    expect(() => makeDirectory('/proc/tidemark/a')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  },
)
