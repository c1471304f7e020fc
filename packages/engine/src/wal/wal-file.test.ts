import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { WalFile } from './wal-file.ts'

it('is closed when the syncs in other threads have ended, and never again', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-wal-'))
  const path = join(directory, 'a.db-wal')
  writeFileSync(path, new Uint8Array(1 << 20))
  const wal = WalFile.open(path)
  const synced = Promise.all([wal.syncAside(), wal.syncAside()])
  wal.close()
  wal.close()
  // Its number is not another file's meanwhile.
  await expect(synced).resolves.toBeDefined()
  expect(() => wal.sizeInBytes).toThrow('EBADF')
  const heir = openSync(path, 'r')
  await wal.syncAside()
  expect(fstatSync(heir).size).toBe(1 << 20)
  closeSync(heir)
  rmSync(directory, { recursive: true })
})
