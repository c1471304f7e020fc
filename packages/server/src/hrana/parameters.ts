import { fromHranaValue } from '@tidemark/protocol'
import type { HranaStatement, HranaValue, SqlValue } from '@tidemark/protocol'
import { SqlRefusedError } from './sql-error.ts'

/**
 * Text that hides parameter signs, or a parameter: `?`, `?NNN`, `:name`, `@name`, `$name`
 * (https://www.sqlite.org/lang_expr.html#varparam). What is not closed goes on to the end, so that each
 * character is looked at once.
 */
const HIDDEN_OR_PARAMETER =
  /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\?(\d*)|([:@$][\p{L}\p{N}_$\u{80}-\u{10ffff}]+)|[\p{L}_$\u{80}-\u{10ffff}][\p{L}\p{N}_$\u{80}-\u{10ffff}]*/gu

const MAX_PARAMETERS = 32_766

/**
 * The parameters of a statement by index, from 0; null for one without a name. `?NNN` is a name too.
 *
 * @throws SqlRefusedError for more than SQLite takes
 */
export function parameterNames(sql: string): (string | null)[] {
  const names: (string | null)[] = []
  const known = new Set<string>()
  for (const match of sql.matchAll(HIDDEN_OR_PARAMETER)) {
    const number = match[1]
    const name = match[2]
    if (number === '') names.push(null)
    else if (number !== undefined) {
      const index = Number(number) - 1
      if (index < 0 || index >= MAX_PARAMETERS) continue
      while (names.length <= index) names.push(null)
      names[index] ??= `?${number}`
    } else if (name !== undefined && !known.has(name)) {
      known.add(name)
      names.push(name)
    }
    if (names.length > MAX_PARAMETERS)
      throw new SqlRefusedError('ARGS_INVALID', `More than ${MAX_PARAMETERS} parameters`)
  }
  return names
}

/** What better-sqlite3 binds: values of nameless parameters in order, then those with names, without their sign. */
export interface Bindings {
  readonly positional: readonly SqlValue[]
  readonly named: Readonly<Record<string, SqlValue>>
}

/**
 * @throws SqlRefusedError when an argument is missing, too many or an infinity, or when two parameters cannot
 * be told apart; ProtocolError for a value out of range
 */
export function bindArguments(statement: HranaStatement, names: readonly (string | null)[]): Bindings {
  if (statement.args.length > names.length) {
    throw new SqlRefusedError(
      'ARGS_INVALID',
      `${statement.args.length} arguments for a statement with ${names.length} parameters`,
    )
  }
  const byName = new Map(statement.named_args.map(({ name, value }) => [name, value]))
  const positional: SqlValue[] = []
  const named = Object.create(null) as Record<string, SqlValue>
  for (const [index, name] of names.entries()) {
    const value = statement.args[index] ?? namedValue(byName, name)
    if (value === undefined)
      throw new SqlRefusedError('ARGS_INVALID', `no argument for parameter ${name ?? index + 1}`)
    if (value.type === 'float' && value.value === null) throw infinityRefused(statement, index)
    if (name === null) positional.push(fromHranaValue(value))
    else if (name.slice(1) in named) throw sameName(name)
    else named[name.slice(1)] = fromHranaValue(value)
  }
  return { positional, named }
}

/** SQLite takes `:a` and `$a` for two parameters; better-sqlite3 binds both by the name `a`. */
function sameName(name: string): SqlRefusedError {
  return new SqlRefusedError(
    'ARGS_INVALID',
    `parameter ${name} has the name of another one, but for its first character; call it differently`,
  )
}

function namedValue(byName: ReadonlyMap<string, HranaValue>, name: string | null): HranaValue | undefined {
  return name === null ? undefined : (byName.get(name) ?? byName.get(name.slice(1)))
}

/**
 * Turso's client sends both infinities as a float without a number. Either one would be a guess, so the row
 * is refused, with its arguments, and the way that works is named.
 */
function infinityRefused({ sql, args }: HranaStatement, index: number): SqlRefusedError {
  const where = sql === null ? '' : ` of ${shortened(sql)}`
  const row = args.map((arg) => shortened(shown(arg))).join(', ')
  return new SqlRefusedError(
    'INFINITY_IN_JSON',
    `argument ${index + 1}${where} with (${row}) is an infinity, which JSON cannot carry; write it as 9e999 or -9e999 in the SQL`,
  )
}

function shown(value: HranaValue): string {
  if (value.type === 'null') return 'NULL'
  if (value.type === 'blob') return 'a blob'
  return String(value.value ?? '±Infinity')
}

const SHOWN_LENGTH = 80

function shortened(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
