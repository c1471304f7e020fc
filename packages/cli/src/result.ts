import { Option, type Command } from 'commander'
import { withoutEscapes } from './printable.ts'

/** What a command found out, for programs and for people. */
export interface Result {
  readonly json: unknown
  readonly text: string
}

/** The option that every command has. */
export function jsonOption(): Option {
  return new Option('--json', 'print one JSON value instead of text')
}

/**
 * Gives a command its action: runs it and prints what it returns, as its `--json` says.
 *
 * @param run takes the command's arguments in their order, then its options, as commander parsed them
 */
export function printing(command: Command, run: (...args: never[]) => Result | Promise<Result>): Command {
  return command.addOption(jsonOption()).action(async (...args: unknown[]) => {
    const result = await run(...(args as never[]))
    const { json } = command.opts<{ json?: boolean }>()
    process.stdout.write(
      json === true ? `${withoutEscapes(JSON.stringify(result.json, null, 2))}\n` : `${result.text}\n`,
    )
  })
}
