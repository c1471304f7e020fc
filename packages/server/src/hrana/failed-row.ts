import { isKeyword, nameOf, tokenize } from '@tidemark/engine/server-side'
import type { Token } from '@tidemark/engine/server-side'
import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'

const MAX_SHOWN_CHARACTERS = 40
const MAX_SHOWN_COLUMNS = 6

type NamedValue = readonly [column: string, value: SqlValue]

/**
 * Names the row that a statement of a push is about, for whoever has to repair it:
 * `INSERT into "note", row "id" = 3`. Only the table, where the statement has another form than those that
 * clients generate; null where not even that can be read.
 *
 * @param keyOf columns of a table's primary key
 */
export function describeRow(
  sql: string,
  values: readonly SqlValue[],
  keyOf: (table: string) => readonly string[],
): string | null {
  const tokens = [...tokenize(sql)]
  const verb = tokens[0]?.text.toUpperCase()
  const marker = verb === 'INSERT' || verb === 'REPLACE' ? 'INTO' : verb === 'DELETE' ? 'FROM' : 'UPDATE'
  const at = tokens.findIndex((token) => isKeyword(token, marker)) + 1
  const table = at === 0 ? null : nameOf(tokens[at])
  if (table === null || verb === undefined) return null
  const what = `${verb} ${verb === 'UPDATE' ? 'of' : marker.toLowerCase()} ${quote(table)}`
  const row = marker === 'INTO' ? insertedRow(tokens, at + 1, values) : selectedRow(tokens, values)
  const keys = new Set(keyOf(table).map((name) => name.toLowerCase()))
  const inKey = row.filter(([column]) => keys.has(column.toLowerCase()))
  const shown = inKey.length > 0 ? inKey : row
  if (shown.length === 0) return what
  const parts = shown
    .slice(0, MAX_SHOWN_COLUMNS)
    .map(([column, value]) => `${quote(column)} = ${format(value)}`)
  return `${what}, row ${parts.join(', ')}${shown.length > parts.length ? ', …' : ''}`
}

/** `(a, b) VALUES (?, ?)`. */
function insertedRow(tokens: readonly Token[], start: number, values: readonly SqlValue[]): NamedValue[] {
  const close = tokens.findIndex((token, index) => index > start && token.text === ')')
  if (tokens[start]?.text !== '(' || !isKeyword(tokens[close + 1], 'VALUES')) return []
  const columns = tokens.slice(start + 1, close).filter((token) => token.text !== ',')
  const row: NamedValue[] = []
  let parameter = 0
  for (const [index, column] of columns.entries()) {
    // Each value is one token and a comma.
    const name = nameOf(column)
    if (tokens[close + 3 + index * 2]?.text !== '?') continue
    const value = values[parameter++]
    if (name !== null && value !== undefined) row.push([name, value])
  }
  return row
}

/** `WHERE a = ? AND b IS ?`. */
function selectedRow(tokens: readonly Token[], values: readonly SqlValue[]): NamedValue[] {
  const where = tokens.findIndex((token) => isKeyword(token, 'WHERE'))
  const row: NamedValue[] = []
  let parameter = 0
  for (const [index, token] of tokens.entries()) {
    if (token.text !== '?') continue
    const value = values[parameter++]
    const compares = tokens[index - 1]?.text === '=' || isKeyword(tokens[index - 1], 'IS')
    const name = nameOf(tokens[index - 2])
    if (where >= 0 && index > where && compares && name !== null && value !== undefined)
      row.push([name, value])
  }
  return row
}

function format(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array) return `a BLOB of ${value.byteLength} bytes`
  if (value instanceof RawText) return 'text that is not UTF-8'
  if (typeof value !== 'string') return value.toString()
  const text = value.length > MAX_SHOWN_CHARACTERS ? `${value.slice(0, MAX_SHOWN_CHARACTERS)}…` : value
  return `'${text.replaceAll("'", "''")}'`
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
