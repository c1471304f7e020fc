import { classifyStatement } from './classify-statement.ts'
import { parseAlterTable } from './parse-alter-table.ts'

/** Whether a statement drops or renames something, so that rows or statements of before do not fit any more. */
export function reshapes(sql: string): boolean {
  const statement = classifyStatement(sql)
  if (statement.kind !== 'schema') return false
  return (
    statement.verb === 'drop' || (statement.verb === 'alter' && parseAlterTable(sql)?.action !== 'add column')
  )
}
