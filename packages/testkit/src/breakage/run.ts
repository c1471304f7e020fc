/**
 * Runs the plan of the switch that `TIDEMARK_BREAK` names. Ends with 0 when nothing was noticed, with 1 when
 * something was.
 */
import { runPlan } from '../simulator/run.ts'
import { SWITCHES } from './switches.ts'

const failure = await runPlan(SWITCHES[Number(process.env['TIDEMARK_BREAK'])]!.plan)
if (failure !== null) process.stdout.write(`${String(failure.error)}\n`)
process.exitCode = failure === null ? 0 : 1
