/** `pnpm bench:growth [--svg FOLDER]`: how times grow with the database and with the backlog, on both sides. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureGrowth } from './growth/measure.ts'
import type { Growth } from './growth/measure.ts'
import { plot } from './growth/plot.ts'
import { machine } from './machine.ts'
import { sides } from './sides/index.ts'

const { values: options } = parseArgs({ options: { svg: { type: 'string' } } })
process.stdout.write(`${machine()}\n`)
const directory = mkdtempSync(join(tmpdir(), 'tidemark-growth-'))
const growths: Growth[] = []
try {
  for (const side of Object.values(sides)) {
    process.stdout.write(`${side.description}\n`)
    const growth = await measureGrowth(side, directory)
    for (const { work, points } of growth.curves) {
      const values = points.map(({ rows, ms }) => `${rows.toLocaleString('en')} rows ${ms.toFixed(1)} ms`)
      process.stdout.write(`  ${work.padEnd(18)} ${values.join(', ')}\n`)
    }
    growths.push(growth)
  }
} finally {
  rmSync(directory, { recursive: true })
}
if (options.svg !== undefined) {
  mkdirSync(options.svg, { recursive: true })
  const size = plot('One row, by size of the database', 'rows in the database', growths, [
    'push 1 row',
    'pull 1 row',
  ])
  const backlog = plot('A backlog of inserted rows', 'rows in the backlog', growths, [
    'push the backlog',
    'pull the backlog',
  ])
  writeFileSync(join(options.svg, 'database-size.svg'), size)
  writeFileSync(join(options.svg, 'backlog.svg'), backlog)
}
