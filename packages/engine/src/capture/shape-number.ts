import type { TableShape } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

/** The number under which `tidemark_shapes` has this shape. Writes only where it is new. */
export function shapeNumber(db: Database.Database, shape: TableShape): number {
  const parameters = [shape.name, JSON.stringify(shape.columns), JSON.stringify(shape.key)]
  const find = db
    .prepare<unknown[], number>(
      'SELECT shape FROM tidemark_shapes WHERE name = ? AND columns = ? AND key = ?',
    )
    .pluck()
  const known = find.get(parameters)
  if (known !== undefined) return known
  db.prepare('INSERT INTO tidemark_shapes(name, columns, key) VALUES (?, ?, ?)').run(parameters)
  return find.get(parameters)!
}
