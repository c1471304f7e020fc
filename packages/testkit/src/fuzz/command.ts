/** `pnpm fuzz --seconds 60 [--seed 1] [--only decoders,server,client]`; `--seconds 0` runs one seed only. */
import { parseArgs } from 'node:util'
import { runFuzz } from './run-fuzz.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: 'decoders,server,client' },
  },
})

const summary = await runFuzz({
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  layers: values.only.split(','),
  onFinding: (layer, { seed, what }) => {
    console.log(`${what}\n  again: pnpm fuzz --only ${layer} --seconds 0 --seed ${seed}\n`)
  },
})
for (const { layer, seeds, cases, findings, note } of summary)
  console.log(`${layer}: ${seeds} seeds from ${values.seed}, ${cases} cases, ${findings} findings${note}`)
process.exitCode = summary.some(({ findings }) => findings > 0) ? 1 : 0
