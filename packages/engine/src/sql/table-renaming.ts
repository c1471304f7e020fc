import { classifyStatement } from './classify-statement.ts'
import { parseAlterTable } from './parse-alter-table.ts'

/** Names without quotes. */
export interface TableRenaming {
  readonly from: string
  readonly to: string
}

/** What `ALTER TABLE … RENAME TO` does; null for any other statement. */
export function tableRenaming(sql: string): TableRenaming | null {
  const statement = classifyStatement(sql)
  if (statement.kind !== 'schema' || statement.verb !== 'alter' || statement.name === null) return null
  const alter = parseAlterTable(sql)
  return alter?.action === 'rename' ? { from: statement.name, to: alter.to } : null
}
