import type { Connection } from '../database/connection.ts'

/**
 * SQLite has no other way to set what the connection has inserted and changed last. Nothing of this reaches the disk.
 */
const INSERT_NOTHING = `
  CREATE TABLE temp.tidemark_nothing (x);
  INSERT INTO temp.tidemark_nothing (rowid) VALUES (0);
  DELETE FROM temp.tidemark_nothing WHERE 0;
  DROP TABLE temp.tidemark_nothing`

/**
 * `last_insert_rowid()` and `changes()`, which a statement that inserts nothing leaves as they are, are 0
 * again: the next stream finds the connection as a new one.
 *
 * @returns false where that fails, as with a file that cannot be read: the connection is not for another stream
 */
export function forgetCounters(connection: Connection): boolean {
  try {
    connection.exec(INSERT_NOTHING)
    return true
  } catch {
    return false
  }
}
