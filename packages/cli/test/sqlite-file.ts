import Database from 'better-sqlite3'

/** Runs SQL on a file as any other program does. */
export function write(path: string, sql: string): void {
  const db = new Database(path)
  db.exec(sql)
  db.close()
}

/** The first column of what a query gives. */
export function read(path: string, sql: string): unknown[] {
  const db = new Database(path, { readonly: true })
  const rows = db.prepare(sql).pluck().all()
  db.close()
  return rows
}
