import { fromHranaValue } from '@tidemark/protocol'
import type { HranaStatement, HranaValue, SqlValue } from '@tidemark/protocol'
import { SqlRefusedError } from './sql-error.ts'

/**
 * Text that hides parameter signs, or a parameter: `?`, `?NNN`, `:name`, `@name`, `$name`
 * (https://www.sqlite.org/lang_expr.html#varparam).
 */
const HIDDEN_OR_PARAMETER =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\?(\d*)|([:@$][\p{L}\p{N}_$\u0080-\uffff]+)|[\p{L}_$\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*/gu

const MAX_NUMBER = 32_766

/** The parameters of a statement by index, from 0; null for one without a name. `?NNN` is a name too. */
export function parameterNames(sql: string): (string | null)[] {
  const names: (string | null)[] = []
  for (const match of sql.matchAll(HIDDEN_OR_PARAMETER)) {
    const number = match[1]
    const name = match[2]
    if (number === '') names.push(null)
    else if (number !== undefined) {
      const index = Number(number) - 1
      if (index < 0 || index >= MAX_NUMBER) continue
      while (names.length <= index) names.push(null)
      names[index] = `?${number}`
    } else if (name !== undefined && !names.includes(name)) names.push(name)
  }
  return names
}

/** What better-sqlite3 binds: values of nameless parameters in order, then those with names, without their sign. */
export interface Bindings {
  readonly positional: readonly SqlValue[]
  readonly named: Readonly<Record<string, SqlValue>>
}

/** @throws SqlRefusedError when an argument is missing or too many; ProtocolError for a value out of range */
export function bindArguments(statement: HranaStatement, names: readonly (string | null)[]): Bindings {
  if (statement.args.length > names.length) {
    throw new SqlRefusedError(
      'ARGS_INVALID',
      `${statement.args.length} arguments for a statement with ${names.length} parameters`,
    )
  }
  const byName = new Map(statement.named_args.map(({ name, value }) => [name, value]))
  const positional: SqlValue[] = []
  const named: Record<string, SqlValue> = {}
  for (const [index, name] of names.entries()) {
    const value = statement.args[index] ?? namedValue(byName, name)
    if (value === undefined)
      throw new SqlRefusedError('ARGS_INVALID', `no argument for parameter ${name ?? index + 1}`)
    if (name === null) positional.push(fromHranaValue(value))
    else named[name.slice(1)] = fromHranaValue(value)
  }
  return { positional, named }
}

function namedValue(byName: ReadonlyMap<string, HranaValue>, name: string | null): HranaValue | undefined {
  return name === null ? undefined : (byName.get(name) ?? byName.get(name.slice(1)))
}
