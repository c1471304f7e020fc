/** Creates what the queue of pending changes needs beside `tidemark_cdc`: see `capture/own-tables.ts`. */
export const createQueueTables: string = `
  CREATE TABLE IF NOT EXISTS tidemark_blocked(change_id INTEGER PRIMARY KEY, sqlite_code TEXT NOT NULL, message TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS tidemark_rejected(change_id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, rejected_ms INTEGER NOT NULL,
    sqlite_code TEXT NOT NULL, message TEXT NOT NULL, change BLOB NOT NULL)`
