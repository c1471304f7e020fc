/**
 * `better-sqlite3.ts <database>`: runs the SQL of its standard input on a file, as a program that knows
 * nothing of Tidemark would.
 */
import { readFileSync } from 'node:fs'

import BetterSqlite3 from 'better-sqlite3'

const db = new BetterSqlite3(process.argv[2])
db.exec(readFileSync(0, 'utf8'))
db.close()
