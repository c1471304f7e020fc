/** `name` as an SQL identifier, whatever characters it has. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** `text` as an SQL string literal. NUL cannot be written in a literal; names in SQLite cannot contain it either. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
