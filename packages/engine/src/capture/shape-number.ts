import type { TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import { prepared } from '../sql/prepared.ts'

const selectShape = 'SELECT shape FROM tidemark_shapes WHERE name = ? AND columns = ? AND key = ?'
const insertShape = 'INSERT INTO tidemark_shapes(name, columns, key) VALUES (?, ?, ?)'

/** The number under which `tidemark_shapes` has this shape. Writes only where it is new. */
export function shapeNumber(db: Database.Database, shape: TableShape): number {
  const parameters = [shape.name, JSON.stringify(shape.columns), JSON.stringify(shape.key)]
  const find = prepared<unknown[], number>(db, selectShape).pluck()
  const known = find.get(parameters)
  if (known !== undefined) return known
  prepared(db, insertShape).run(parameters)
  return find.get(parameters)!
}
