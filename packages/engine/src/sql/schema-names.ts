import type { StatementClass } from './classify-statement.ts'
import { parseAlterTable } from './parse-alter-table.ts'
import { isKeyword, nameOf, tokenize } from './tokens.ts'

type SchemaStatement = StatementClass & { kind: 'schema' }

/**
 * The objects that a schema statement is about: the one it makes, changes or drops, what it is renamed to,
 * the table of a new index or trigger.
 */
export function schemaNames(statement: SchemaStatement, sql: string): string[] {
  const renamed = statement.verb === 'alter' ? parseAlterTable(sql) : null
  const to = renamed?.action === 'rename' ? renamed.to : null
  return [statement.name, to, attachedTo(statement, sql)].filter((name) => name !== null)
}

/** The table of a new index or trigger. */
function attachedTo({ verb, objectType }: SchemaStatement, sql: string): string | null {
  if (verb !== 'create' || (objectType !== 'index' && objectType !== 'trigger')) return null
  const tokens = [...tokenize(sql)]
  return nameOf(tokens[tokens.findIndex((token) => isKeyword(token, 'ON')) + 1])
}
