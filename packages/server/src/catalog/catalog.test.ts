import fs, { mkdtempDisposableSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { Catalog } from './catalog.ts'

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

test('a database that could not be put on disk is not there, and can be created again', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-catalog-'))
  const catalog = Catalog.open(folder.path)
  const sync = fs.fsyncSync.bind(fs)
  let syncs = 0
  vi.spyOn(fs, 'fsyncSync').mockImplementation((descriptor) => {
    syncs += 1
    // The record, its folder, the folder of all.
    if (syncs === 3) throw new Error('EIO')
    sync(descriptor)
  })
  syncBuiltinESMExports()
  expect(() => catalog.create('notes')).toThrow('EIO')
  expect(catalog.list()).toEqual([])
  const { id } = catalog.create('notes')
  expect(Catalog.open(folder.path).list()).toMatchObject([{ id, name: 'notes' }])
})
