/**
 * Ends with 1 where a line of a comment has more than 120 columns: oxfmt leaves comments as they are. Rows of
 * tables may be longer.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')
const MAX_COLUMNS = 120
const SKIPPED = new Set(['node_modules', 'dist', 'generated', '.git', '.turbo'])
const COMMENT = /^\s*(?:\/\*|\*(?! \|)|\/\/)/

const tooLong = [...sources(ROOT)].flatMap((path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) =>
      COMMENT.test(line) && line.length > MAX_COLUMNS ? [`${relative(ROOT, path)}:${index + 1}`] : [],
    ),
)
if (tooLong.length > 0) {
  console.error(tooLong.join('\n'))
  console.error(`\n${tooLong.length} line(s) of comments have more than ${MAX_COLUMNS} columns.`)
  process.exit(1)
}
console.log('Comments are narrow enough.')

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* sources(path)
    else if (entry.isFile() && entry.name.endsWith('.ts')) yield path
  }
}
