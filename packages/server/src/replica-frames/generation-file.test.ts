import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readGenerations, writeGenerations } from './generation-file.ts'
import type { Generation } from './generation-file.ts'

const GENERATIONS: readonly Generation[] = [
  { number: 7, base: null, frames: 12, createdMs: 1_700_000_000_000 },
  { number: 8, base: '0123456789abcdef.4', frames: null, createdMs: 1_700_000_000_001 },
]

let folder: string
let path: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-generations-'))
  path = join(folder, 'generations.json')
})
afterAll(() => rmSync(folder, { recursive: true }))

test('what was written is read', () => {
  expect(readGenerations(path)).toBeNull()
  writeGenerations(path, GENERATIONS)
  expect(readGenerations(path)).toEqual(GENERATIONS)
})

test.each([
  ['nothing', ''],
  ['no object', 'null'],
  ['another format', JSON.stringify({ format: 2, generations: GENERATIONS })],
  ['no generations', JSON.stringify({ format: 1, generations: [] })],
  ['a generation that is none', JSON.stringify({ format: 1, generations: [...GENERATIONS, null] })],
  ...Object.entries({ number: 0, base: 7, frames: -1, createdMs: '1' }).map(
    ([field, value]): [string, string] => [
      `a generation whose ${field} is ${value}`,
      JSON.stringify({ format: 1, generations: [{ ...GENERATIONS[0], [field]: value }] }),
    ],
  ),
])('a file with %s cannot be read', (_, content) => {
  writeFileSync(path, content)
  expect(readGenerations(path)).toBeNull()
})
