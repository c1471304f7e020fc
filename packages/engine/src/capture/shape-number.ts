import type { TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

/** The number under which `tidemark_shapes` has this shape. */
export function shapeNumber(db: Database.Database, shape: TableShape): number {
  const parameters = [shape.name, JSON.stringify(shape.columns), JSON.stringify(shape.key)]
  db.prepare('INSERT OR IGNORE INTO tidemark_shapes(name, columns, key) VALUES (?, ?, ?)').run(parameters)
  const find = 'SELECT shape FROM tidemark_shapes WHERE name = ? AND columns = ? AND key = ?'
  return db.prepare<unknown[], number>(find).pluck().get(parameters)!
}
