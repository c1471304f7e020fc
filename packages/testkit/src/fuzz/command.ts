/**
 * `pnpm fuzz [--seconds 60] [--seed N] [--only decoders,server,client]`. The layers share the time;
 * `--seconds 0` runs one seed only. Without `--seed` each run begins with another one, which it prints. Ends
 * with 1 where something was found.
 */
import { parseArgs } from 'node:util'
import { runFuzz } from './run-fuzz.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now()) },
    only: { type: 'string', default: 'decoders,server,client' },
  },
})
const layers = values.only.split(',')
console.log(`fuzz: ${values.only} from seed ${values.seed}, ${values.seconds} s`)

const summary = await runFuzz({
  seed: Number(values.seed),
  seconds: Number(values.seconds) / layers.length,
  layers,
  onFinding: (layer, { seed, what }) => {
    console.log(`${what}\n  again: pnpm fuzz --only ${layer} --seconds 0 --seed ${seed}\n`)
  },
})
for (const { layer, seeds, cases, findings, note } of summary)
  console.log(`${layer}: ${seeds} seeds from ${values.seed}, ${cases} cases, ${findings} findings${note}`)
process.exitCode = summary.some(({ findings }) => findings > 0) ? 1 : 0
