import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempDisposableSync, openSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

import { isUnchanged, stampMainFile } from './main-file.ts'

it('is seen to have changed also where the kernel’s clock has not moved between two writes', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-main-'))
  const [path, sameTime] = [join(folder.path, 'a.db'), join(folder.path, 'time')]
  const takeTimeOf = (from: string, to: string): unknown => spawnSync('touch', ['-r', from, to])
  writeFileSync(path, 'one')
  writeFileSync(sameTime, '')
  takeTimeOf(path, sameTime)
  const descriptor = openSync(path, 'r+')
  const recorded = stampMainFile(descriptor, null)
  expect(isUnchanged(path, recorded)).toBe(true)
  expect(stampMainFile(descriptor, recorded)).toEqual(recorded)
  closeSync(descriptor)
  writeFileSync(path, 'two')
  takeTimeOf(sameTime, path)
  expect(isUnchanged(path, recorded)).toBe(false)
})

it('has changed where it is gone', () => {
  expect(isUnchanged(join(tmpdir(), 'tidemark-no-such-file'), { size: 0, mtimeNs: '0' })).toBe(false)
})
