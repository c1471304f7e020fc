import { quoteText } from '../sql/quote.ts'
import { nameOf, tokenize } from '../sql/tokens.ts'

const constants = new Set(['NULL', 'TRUE', 'FALSE', 'CURRENT_TIME', 'CURRENT_DATE', 'CURRENT_TIMESTAMP'])

/**
 * SQL of a column's default, as `pragma_table_xinfo` has it: behind DEFAULT a bare or quoted name stands for
 * its text, elsewhere for a column.
 */
export function defaultExpression(written: string | null): string {
  if (written === null) return 'NULL'
  const tokens = [...tokenize(written)]
  const [first] = tokens
  const isName = tokens.length === 1 && (first?.kind === 'identifier' || first?.kind === 'word')
  return isName && !constants.has(written.toUpperCase()) ? quoteText(nameOf(first)!) : written
}
