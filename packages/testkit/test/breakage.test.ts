import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { expect, it } from 'vitest'

import { SWITCHES } from '../src/breakage/switches.ts'

const register = new URL('../src/breakage/register.ts', import.meta.url).href
const run = fileURLToPath(new URL('../src/breakage/run.ts', import.meta.url))

it.each(SWITCHES.map(({ breaks }, index) => [breaks, index] as const))(
  'the simulator notices that %s',
  (_, index) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', register, run], {
      encoding: 'utf8',
      env: { ...process.env, TIDEMARK_BREAK: String(index) },
    })
    expect(`${stdout}${stderr}`).toMatch(/Violation|Error/)
    expect(status).toBe(1)
  },
)
