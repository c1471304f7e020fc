import { styleText } from 'node:util'
import { CommanderError } from 'commander'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { describeFailure } from './failure.ts'
import { withoutEscapes } from './printable.ts'
import { tidemarkCommand } from './tidemark-command.ts'

/**
 * Runs one command line.
 *
 * @param args what follows the command's name
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreLostReader)
  try {
    await tidemarkCommand().parseAsync(args, { from: 'user' })
    return EXIT.ok
  } catch (error) {
    // Commander has already printed help, version or what is wrong with the command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    process.stderr.write(args.includes('--json') ? jsonFailure(error) : textFailure(error))
    return exitCodeOf(error)
  }
}

/** Whoever read what is written may be gone (`| head`); who is served is not. */
function ignoreLostReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

function jsonFailure(error: unknown): string {
  return `${withoutEscapes(JSON.stringify({ error: describeFailure(error) }))}\n`
}

function textFailure(error: unknown): string {
  const { code, hint, ...failure } = describeFailure(error)
  const message = withoutEscapes(failure.message)
  const label = styleText('red', 'error', { stream: process.stderr })
  const next = hint === null ? '' : ` ${hint}`
  return `${label}: ${message}${/[.!?…;]$/u.test(message) ? '' : '.'}${next} ${styleText('dim', `[${code}]`, { stream: process.stderr })}\n`
}
