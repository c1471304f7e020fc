import type Database from 'better-sqlite3'
import { removeTriggers } from '../capture/install-triggers.ts'
import { hidesPragma, isReservedName } from '../capture/own-tables.ts'
import { classifyStatement } from '../sql/classify-statement.ts'
import type { StatementClass } from '../sql/classify-statement.ts'
import { isDone } from '../sql/is-done.ts'
import { schemaNames } from '../sql/schema-names.ts'
import { splitStatements } from '../sql/split-statements.ts'
import type { ApplyConnection } from './apply-connection.ts'
import { RefusedChangeError } from './refused-change-error.ts'

type SchemaStatement = StatementClass & { kind: 'schema' }

/**
 * Runs a captured schema statement inside {@link ApplyConnection.withoutTriggers}. What is done already is
 * skipped: an object that exists is not created again, a missing one is not dropped, a column not added or
 * renamed twice.
 *
 * A table that is altered loses capture's triggers, because SQLite refuses to drop a column that a trigger
 * mentions. They are the caller's to make anew.
 *
 * @returns whether anything was done
 * @throws RefusedChangeError for any other kind of statement and for reserved names; SqliteError
 */
export function applySchemaChange(connection: ApplyConnection, sql: string): boolean {
  const { db } = connection
  const statement = classifyStatement(sql)
  if (splitStatements(sql).length !== 1) throw new RefusedChangeError('a schema change must be one statement')
  if (statement.kind === 'pragma') {
    applyPragma(db, sql)
    return true
  }
  if (statement.kind !== 'schema')
    throw new RefusedChangeError(`not a schema statement: ${statement.keyword}`)
  assertAllowed(statement, sql)
  if (isDone(db, statement, sql)) return false
  connection.changeSchema(() => {
    if (statement.verb === 'alter') removeTriggers(db, [statement.name!])
    db.exec(sql)
  })
  return true
}

function applyPragma(db: Database.Database, sql: string): void {
  if (!/^\s*PRAGMA\s+(main\.)?(user_version|application_id)\s*=\s*-?\d{1,10}\s*;?\s*$/i.test(sql))
    throw new RefusedChangeError(`pragma not allowed in a push: ${sql}`)
  db.exec(sql)
}

function assertAllowed(statement: SchemaStatement, sql: string): void {
  const { name, schemaName } = statement
  if (name === null) throw new RefusedChangeError(`schema statement without a name: ${sql}`)
  if (schemaName !== null && schemaName !== 'main')
    throw new RefusedChangeError(`schema ${schemaName} is not synced`)
  for (const used of schemaNames(statement, sql))
    if (isReservedName(used) || hidesPragma(used))
      throw new RefusedChangeError(`name reserved for internal use: ${used}`)
}
