import { open, readFile } from 'node:fs/promises'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { BodyMemory } from '../http/body-memory.ts'
import { BodySpool } from './body-spool.ts'
import type { FileRange } from './push-body.ts'

const PIECE_BYTES = 32 * 1024

test('a disk that takes less than it is given, as a nearly full one does, has all of the body in its place', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-spool-'))
  const handle = await open(join(folder.path, 'other'), 'w')
  const prototype = Object.getPrototypeOf(handle) as typeof handle
  const write = Reflect.get(prototype, 'write') as (...args: unknown[]) => Promise<unknown>
  const half = vi.spyOn(prototype, 'write').mockImplementation(async function (this: unknown, ...args) {
    const bytes = args[0] as unknown as Buffer
    return write.call(this, bytes, 0, Math.ceil(bytes.byteLength / 2)) as never
  })
  await handle.close()
  const pieces = ['a', 'b', 'c'].map((letter) => Buffer.alloc(PIECE_BYTES, letter))
  const spool = new BodySpool(folder.path, new BodyMemory(0))
  const { bytes, rest } = await spool.receive(pieces)
  expect(bytes).toHaveLength(0)
  const spooled: Buffer[] = []
  for await (const part of rest!) {
    const { file, offset, length } = part as FileRange
    spooled.push((await readFile(file)).subarray(offset, offset + length))
  }
  expect(spooled).toEqual(pieces)
  await spool.remove()
  half.mockRestore()
})
