import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

/** Codes that end inside of Tidemark. */
const UNSEEN = [
  // Where the base's images cannot be read, the base counts as unknown.
  'TIDEMARK_REVERT_DAMAGED',
  // Becomes the cause of a RejectedError.
  'TIDEMARK_UNSENDABLE_VALUE',
]

test('docs/api.md has a row for each error code that an application can see, and for no other', () => {
  const raised = ['sdk-node', 'engine', 'protocol'].flatMap(codesOf)
  const visible = new Set(raised.filter((code) => !UNSEEN.includes(code)))
  expect(UNSEEN.filter((code) => !raised.includes(code))).toEqual([])
  const documented = readFileSync(join(ROOT, 'docs/api.md'), 'utf8').match(/^\| `TIDEMARK_.*?\|/gm) ?? []
  const rows = documented.flatMap((cell) => cell.match(/TIDEMARK_[A-Z_]+/g) ?? [])
  expect([...new Set(rows)].toSorted()).toEqual([...visible].toSorted())
})

function codesOf(name: string): string[] {
  const folder = join(ROOT, 'packages', name, 'src')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .flatMap((path) => readFileSync(join(folder, path), 'utf8').match(/(?<=')TIDEMARK_[A-Z_]+(?=')/g) ?? [])
}
