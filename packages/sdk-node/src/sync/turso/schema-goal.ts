import { classifyStatement, parseAlterTable, quoteText } from '@tidemark/engine'
import type { StatementClass } from '@tidemark/engine'

type SchemaStatement = StatementClass & { kind: 'schema' }

/**
 * SQL condition that a schema statement makes true; null where that cannot be told. What another client has
 * done already fails, and the goal is reached all the same; what fails for another reason does not reach it.
 */
export function schemaGoal(sql: string): string | null {
  const statement = classifyStatement(sql)
  if (statement.kind !== 'schema' || statement.name === null) return null
  if (statement.verb === 'create') return exists(statement, statement.name)
  if (statement.verb === 'drop') return `NOT ${exists(statement, statement.name)}`
  const alter = parseAlterTable(sql)
  if (alter === null) return null
  const has = (column: string): string => hasColumn(statement.name!, column)
  switch (alter.action) {
    case 'rename':
      return isSameName(alter.to, statement.name)
        ? exists(statement, alter.to)
        : `NOT ${exists(statement, statement.name)} AND ${exists(statement, alter.to)}`
    case 'rename column':
      return isSameName(alter.to, alter.column)
        ? has(alter.to)
        : `NOT ${has(alter.column)} AND ${has(alter.to)}`
    case 'add column':
      return has(alter.column)
    case 'drop column':
      return `NOT ${has(alter.column)}`
  }
}

function exists({ objectType }: SchemaStatement, name: string): string {
  const types = objectType === 'index' || objectType === 'trigger' ? `'${objectType}'` : `'table','view'`
  return `EXISTS(SELECT 1 FROM sqlite_schema WHERE type IN (${types}) AND name=${quoteText(name)} COLLATE NOCASE)`
}

function hasColumn(table: string, column: string): string {
  return `EXISTS(SELECT 1 FROM pragma_table_info(${quoteText(table)}) WHERE name=${quoteText(column)} COLLATE NOCASE)`
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
