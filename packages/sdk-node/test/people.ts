import type { Database } from '../src/index.ts'
import type { SyncServer } from './sync-server.ts'

/** A table with two keys, and one without any. */
export const SCHEMA = `CREATE TABLE person (id INTEGER PRIMARY KEY, mail TEXT UNIQUE, stars INTEGER DEFAULT 0);
  CREATE TABLE log (line TEXT)`

/** Two clients; `a` has pushed a person with the mail x, which `b` does not know. */
export async function pair(
  server: SyncServer,
  options: Parameters<SyncServer['client']>[1] = { onRejected: 'quarantine' },
): Promise<[Database, Database]> {
  const a = await server.client('a.db')
  a.exec(SCHEMA)
  await a.push()
  const b = await server.client('b.db', options)
  a.exec(`INSERT INTO person (id, mail) VALUES (1, 'x')`)
  await a.push()
  return [a, b]
}

/** Runs a statement of which no other one has the time: those of the same millisecond count as one transaction. */
export function alone(db: Database, sql: string): void {
  db.exec(sql)
  const ran = Date.now()
  while (Date.now() === ran);
}

/** Who has which mail. */
export function mails(db: Database): unknown[] {
  return db.prepare('SELECT id, mail FROM person ORDER BY id').raw().all()
}
