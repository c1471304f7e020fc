/** Writes a row and ends, without closing the database: `unclosed-child.ts <path> exits | …`. */
import { Database } from '../src/index.ts'

const [path = '', how] = process.argv.slice(2)
const db = new Database({ path })
db.exec('INSERT INTO t VALUES (2)')
if (how === 'exits') process.exit()
