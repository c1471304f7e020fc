import type Database from 'better-sqlite3'

type Connection = Pick<Database.Database, 'prepare'>

const statements = new WeakMap<Connection, Map<string, Database.Statement<unknown[], unknown>>>()

/**
 * The statement for `sql`, prepared once per connection: what every push and pull asks takes longer to
 * prepare than to run. SQLite prepares it again by itself when the schema has changed. For a few texts only,
 * since they are kept as long as the connection; a text must be used with one result mode (`pluck`, `raw`).
 */
export function prepared<P extends unknown[], R = unknown>(
  db: Connection,
  sql: string,
): Database.Statement<P, R> {
  let ofConnection = statements.get(db)
  if (ofConnection === undefined) {
    ofConnection = new Map()
    statements.set(db, ofConnection)
  }
  let statement = ofConnection.get(sql)
  if (statement === undefined) {
    statement = db.prepare<unknown[], unknown>(sql)
    ofConnection.set(sql, statement)
  }
  return statement as unknown as Database.Statement<P, R>
}

/** The number that `PRAGMA name` gives. */
export function pragmaNumber(db: Connection, name: string): number {
  return prepared<[], number>(db, `PRAGMA ${name}`).pluck().get()!
}
