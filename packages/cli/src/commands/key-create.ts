import { writeFileSync } from 'node:fs'
import { StateError } from '@tidemark/protocol'
import { Command, InvalidArgumentError } from 'commander'
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
    .requiredOption('--id <id>', 'names the key; tokens carry it', parseKeyId)
    .requiredOption('--out <file>', 'file for the secret half; must not exist')
  return new Command('key')
    .description('Keys that tokens are signed with.')
    .addCommand(printing(create, createKey))
}

async function createKey({ id, out }: KeyOptions): Promise<Result> {
  const { generateSigningKey } = await import('@tidemark/server')
  const { kid, x, d } = await generateSigningKey(id)
  writeSecret(out, `${JSON.stringify({ kid, x, d }, null, 2)}\n`)
  const setting = { keys: [{ kid, x }] }
  return {
    json: { secret: out, ...setting },
    text: `The secret half is in ${out}: keep it away from the server.\nInto the server’s --config file:\n${JSON.stringify(setting)}`,
  }
}

function parseKeyId(text: string): string {
  if (text === '') throw new InvalidArgumentError('a key needs a name.')
  return text
}

/** For the owner's eyes only. @throws StateError when the file exists: it may be the only copy of another key */
function writeSecret(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new StateError(
      'TIDEMARK_EXISTS',
      `${path} exists, and a key is never overwritten; name another file`,
      {
        recovery: 'operator',
        cause: error,
      },
    )
  }
}
