/**
 * Loaded before everything else of a process (`--import`): breaks the rule that `TIDEMARK_BREAK` names by its
 * place in {@link SWITCHES}.
 */
import { registerHooks } from 'node:module'

import { SWITCHES } from './switches.ts'

const broken = SWITCHES[Number(process.env['TIDEMARK_BREAK'])]
if (broken === undefined) throw new RangeError('TIDEMARK_BREAK names no switch')

let isBroken = false
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(`/packages/${broken.module}.js`)) return loaded
    let source = Buffer.from(loaded.source as Uint8Array).toString()
    for (const [from, to] of broken.edits) {
      if (!source.includes(from)) throw new Error(`${url} has no longer "${from}"`)
      source = source.replace(from, to)
    }
    isBroken = true
    return { ...loaded, source }
  },
})

process.on('exit', () => {
  if (!isBroken) process.exitCode = 3
})
