/**
 * `pnpm bench [--quick] [--only TEXT] [--json FILE] [--report FOLDER]`: Tidemark and Turso side by side, then
 * Tidemark beside the least that could do the work, on loopback. With `--quick` a part of the former, ending
 * with 1 where a row falls below its floor. With `--report` also how times grow, and a page with plots in the
 * folder.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compareWork } from './comparison/compare-work.ts'
import type { WorkResult } from './comparison/compare-work.ts'
import { shortfallsOf } from './floors.ts'
import { measureGrowth } from './growth/measure.ts'
import type { Growth } from './growth/measure.ts'
import { writePlots } from './growth/plots.ts'
import { inTemporaryFolder, machine } from './machine.ts'
import { markdownOf } from './report/markdown.ts'
import { growthText, headings, workText, yardstickText } from './report/terminal.ts'
import { countReached } from './report/wording.ts'
import type { Results } from './results.ts'
import { sides } from './sides/index.ts'
import { works } from './works/index.ts'
import type { Work } from './works/work.ts'
import { yardsticks } from './yardsticks/index.ts'
import { runYardstick } from './yardsticks/yardstick.ts'
import type { YardstickResult } from './yardsticks/yardstick.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    report: { type: 'string' },
  },
})
/** Of a work in the quick comparison. */
const MOST_QUICK_ROUNDS = 11
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`)
}

const results = await measure()
say(countReached(results.works, results.yardsticks))
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`)
if (options.report !== undefined) {
  mkdirSync(options.report, { recursive: true })
  writeFileSync(join(options.report, 'results.md'), markdownOf(results))
  if (results.growth !== null) writePlots(options.report, results.growth)
}

async function measure(): Promise<Results> {
  const contenders = Object.values(sides).map(({ description }) => description)
  const about = { date: new Date().toISOString().slice(0, 10), machine: machine(), contenders }
  say([about.machine, ...contenders].join('\n'))
  say('Medians, with the fastest and the slowest round. The sides take turns.\n')
  return {
    ...about,
    works: await measureWorks(),
    yardsticks: options.quick ? [] : await measureYardsticks(),
    growth: options.report === undefined ? null : await measureBothGrowths(),
  }
}

async function measureWorks(): Promise<WorkResult[]> {
  const compared: WorkResult[] = []
  say(headings())
  for (const work of works) {
    if (!work.name.includes(options.only) || (options.quick && !work.isQuick)) continue
    const result = options.quick ? await guard(work) : await compareWork(work, progress)
    progress('')
    say(`${workText(result)}\n`)
    compared.push(result)
  }
  return compared
}

/**
 * In fewer rounds, of new processes. Measures again what fell below its floor: a regression does so twice,
 * noise rarely.
 */
async function guard(work: Work): Promise<WorkResult> {
  const quick = { ...work, warmUps: 0, rounds: Math.min(Math.ceil(work.rounds / 2), MOST_QUICK_ROUNDS) }
  const first = await compareWork(quick, progress)
  if (shortfallsOf(first).length === 0) return first
  const second = await compareWork(quick, progress)
  for (const shortfall of shortfallsOf(second)) {
    process.exitCode = 1
    process.stderr.write(`${work.name}: ${shortfall}\n`)
  }
  return second
}

async function measureYardsticks(): Promise<YardstickResult[]> {
  const measured: YardstickResult[] = []
  for (const yardstick of yardsticks) {
    if (!yardstick.name.includes(options.only)) continue
    progress(yardstick.name)
    const result = await inTemporaryFolder((folder) => runYardstick(yardstick, folder))
    progress('')
    say(`${yardstickText(result)}\n`)
    measured.push(result)
  }
  return measured
}

async function measureBothGrowths(): Promise<Growth[]> {
  progress('how times grow')
  const growth = await inTemporaryFolder((folder) => measureGrowth(Object.values(sides), folder))
  progress('')
  say(growthText(growth))
  return growth
}
