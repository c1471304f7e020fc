import { classifyStatement, isKeyword, schemaNames, tokenize } from '@tidemark/engine/server-side'
import type { StatementClass } from '@tidemark/engine/server-side'
import { SqlRefusedError } from './sql-error.ts'

/** Pragmas that tell something and change nothing, in any form. */
const INFORMING = new Set([
  'collation_list',
  'compile_options',
  'foreign_key_check',
  'foreign_key_list',
  'function_list',
  'index_info',
  'index_list',
  'index_xinfo',
  'integrity_check',
  'module_list',
  'pragma_list',
  'quick_check',
  'table_info',
  'table_list',
  'table_xinfo',
])

/** Settings that may be read but not changed: the history or the server depends on them. */
const READ_ONLY = new Set([
  'auto_vacuum',
  'busy_timeout',
  'cache_size',
  'data_version',
  'encoding',
  'freelist_count',
  'journal_mode',
  'max_page_count',
  'page_count',
  'page_size',
  'query_only',
  'recursive_triggers',
  'schema_version',
  'secure_delete',
  'synchronous',
  'temp_store',
  'trusted_schema',
])

/** Settings that belong to the database's content or to one stream. */
const READ_WRITE = new Set([
  'application_id',
  'case_sensitive_like',
  'defer_foreign_keys',
  'foreign_keys',
  'ignore_check_constraints',
  'legacy_alter_table',
  'optimize',
  'reverse_unordered_selects',
  'user_version',
])

/**
 * Not available wherever they stand in a statement: the one tells where files are; the other tells addresses
 * in the memory of a process that serves other databases too, and has SQLite call what stands at one that it
 * is given as a bound argument.
 */
const UNAVAILABLE = /pragma_database_list|fts3_tokenizer/i

/**
 * Which statements a tenant may run: all that read, write rows or change the schema, and harmless pragmas.
 *
 * @throws SqlRefusedError for the others
 */
export function checkSql(sql: string): StatementClass {
  const [unavailable] = UNAVAILABLE.exec(sql) ?? []
  if (unavailable !== undefined) throw notAvailable(unavailable)
  const statement = classifyStatement(sql)
  switch (statement.kind) {
    case 'attach':
      throw new SqlRefusedError(
        'SQL_NOT_ALLOWED',
        `${statement.keyword} is not available: a database is served alone`,
      )
    case 'vacuum':
      throw new SqlRefusedError(
        'SQL_NOT_ALLOWED',
        'VACUUM is not available: every replica would have to fetch every page',
      )
    case 'pragma':
      checkPragma(statement.name, statement.hasValue)
      break
    case 'schema':
      checkNames(statement, sql)
      break
    case 'select':
      if (statement.keyword === 'EXPLAIN') checkExplained(sql)
      break
    case 'dml':
    case 'transaction':
    case 'other':
      break
  }
  return statement
}

/**
 * What the server keeps in the database's file is its own; a table named as a pragma's function would take
 * the function's place.
 */
function checkNames(statement: StatementClass & { kind: 'schema' }, sql: string): void {
  for (const name of schemaNames(statement, sql)) {
    if (/^tidemark_/i.test(name) || (statement.verb !== 'create' && /^sqlite_/i.test(name)))
      throw new SqlRefusedError('SQL_NOT_ALLOWED', `${name} belongs to the server`)
    if (statement.verb !== 'drop' && /^pragma_/i.test(name))
      throw new SqlRefusedError('SQL_NOT_ALLOWED', `${name} is the name of a function`)
  }
}

function notAvailable(what: string): SqlRefusedError {
  return new SqlRefusedError(
    'SQL_NOT_ALLOWED',
    `${what} is not available: where files and functions are is the server’s business`,
  )
}

/** SQLite compiles what it explains, and most pragmas do then already what they are for. */
function checkExplained(sql: string): void {
  for (const token of tokenize(sql)) {
    if (token.text === ';' || ['EXPLAIN', 'QUERY', 'PLAN'].some((word) => isKeyword(token, word))) continue
    if (!isKeyword(token, 'PRAGMA')) return
    throw new SqlRefusedError('SQL_NOT_ALLOWED', 'EXPLAIN is not available for PRAGMA, which it would run')
  }
}

function checkPragma(name: string, hasValue: boolean): void {
  if (INFORMING.has(name) || READ_WRITE.has(name)) return
  if (READ_ONLY.has(name) && !hasValue) return
  const how = READ_ONLY.has(name) ? 'cannot be changed here' : 'is not available'
  throw new SqlRefusedError('SQL_NOT_ALLOWED', `PRAGMA ${name} ${how}`)
}
