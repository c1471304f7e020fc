import { writeFileSync } from 'node:fs'
import { generateSigningKey } from '@tidemark/server'
import { Command } from 'commander'
import { printing, type Result } from '../result.ts'

interface KeyOptions {
  readonly id: string
  readonly out: string
}

/** `tidemark key create`: makes the key pair that tokens are signed with. */
export function keyCommand(): Command {
  const create = new Command('create')
    .description(
      'Make a key pair: the file keeps the secret half, the server’s settings get the public half.',
    )
    .requiredOption('--id <id>', 'names the key; tokens carry it')
    .requiredOption('--out <file>', 'file for the secret half; must not exist')
  return new Command('key')
    .description('Keys that tokens are signed with.')
    .addCommand(printing(create, createKey))
}

async function createKey({ id, out }: KeyOptions): Promise<Result> {
  const { kid, x, d } = await generateSigningKey(id)
  writeFileSync(out, `${JSON.stringify({ kid, x, d }, null, 2)}\n`, { flag: 'wx', mode: 0o600 })
  const setting = { keys: [{ kid, x }] }
  return {
    json: { secret: out, ...setting },
    text: `The secret half is in ${out}: keep it away from the server.\nInto the server’s --config file:\n${JSON.stringify(setting)}`,
  }
}
