/** `pnpm bench:growth [--svg FOLDER]`: how times grow with the database and with the backlog, on both sides. */
import { parseArgs } from 'node:util'
import { measureGrowth } from './growth/measure.ts'
import { writePlots } from './growth/plots.ts'
import { inTemporaryFolder, machine } from './machine.ts'
import { growthText } from './report/terminal.ts'
import { sides } from './sides/index.ts'

const { values: options } = parseArgs({ options: { svg: { type: 'string' } } })
process.stdout.write(`${machine()}\n`)
const growth = await inTemporaryFolder((folder) => measureGrowth(Object.values(sides), folder))
process.stdout.write(growthText(growth))
if (options.svg !== undefined) writePlots(options.svg, growth)
