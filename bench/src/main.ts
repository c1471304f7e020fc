/**
 * `pnpm bench [--quick] [--only TEXT] [--json FILE]`: Tidemark and Turso side by side, on loopback. With `--quick` a part of it, ending
 * with 1 where Tidemark has fallen behind what it reached before.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compareWork } from './compare-work.ts'
import type { WorkResult } from './compare-work.ts'
import { machine } from './machine.ts'
import { textOf, verdictOf } from './report.ts'
import { sides } from './sides/index.ts'
import { works } from './works/index.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`)
}

say(machine())
for (const { description } of Object.values(sides)) say(description)
say('Medians; in brackets the fastest and the slowest round. The sides take turns.\n')

const chosen = works.filter(({ name, isQuick }) => name.includes(options.only) && (isQuick || !options.quick))
const results: WorkResult[] = []
for (const work of chosen) {
  const result = await compareWork(work, progress)
  progress('')
  say(`${textOf(result)}\n`)
  results.push(result)
}
const reached = results.filter((result) => verdictOf(result)?.isReached === true).length
say(`${reached} of ${results.length} targets reached`)
if (options.json !== undefined) {
  const rows = results.map((result) => ({
    work: result.work.name,
    durability: result.work.durability,
    target: result.work.target,
    ...result.sides,
    verdict: verdictOf(result),
  }))
  const about = { machine: machine(), sides: Object.values(sides).map(({ description }) => description) }
  writeFileSync(options.json, `${JSON.stringify({ ...about, rows }, null, 2)}\n`)
}
