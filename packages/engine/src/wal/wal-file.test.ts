import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { WalFile } from './wal-file.ts'

it('is closed when the syncs in other threads have ended', async () => {
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
  rmSync(directory, { recursive: true })
})
