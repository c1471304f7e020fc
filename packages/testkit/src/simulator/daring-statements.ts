import type { Random } from './random.ts'
import type { RowWriter } from './row-writer.ts'
import type { Table } from './tables.ts'

const KINDS = {
  replace: 3,
  'insert or fail': 1,
  'insert from select': 2,
  'update from': 2,
  gather: 2,
  'swap unique values': 2,
  'conditional upsert': 2,
  'moving upsert': 1,
  savepoint: 2,
  returning: 1,
} as const

/**
 * A statement as applications write it seldom: that removes several rows in passing, that stops half-way,
 * that reads where it writes, that is taken back. `row` is of a writer who may clash.
 */
export function daringStatement({ name, kind }: Table, row: RowWriter, random: Random): string {
  const [key, other] = [row.key(), row.key()]
  const both = `id IN (${key}, ${other})`
  const assignments = row.assignments()
  const insert = `INTO ${name}(${row.columns})`
  switch (random.weighted(KINDS)) {
    case 'replace':
      return `INSERT OR REPLACE ${insert} VALUES ${row.values()}, ${row.values()}`
    case 'insert or fail':
      return `INSERT OR FAIL ${insert} VALUES ${row.values()}, ${row.values()}, ${row.values()}`
    case 'insert from select':
      return `INSERT OR ${random.pick(['REPLACE', 'IGNORE', 'ABORT'])} ${insert} ${row.selected()} FROM ${name} WHERE ${both}`
    case 'update from':
      return `UPDATE ${name} SET b = other.b, tag = '${row.tag}' FROM ${name} AS other WHERE ${name}.id = ${key} AND other.id = ${other}`
    case 'gather':
      return `UPDATE OR ${random.pick(['REPLACE', 'IGNORE', 'FAIL'])} ${name} SET id = ${row.key()}, tag = '${row.tag}' WHERE ${both}`
    case 'swap unique values': {
      if (!kind.hasUnique) return `UPDATE ${name} SET a = b, b = a, tag = '${row.tag}' WHERE id = ${key}`
      const [one, two] = [row.unique(), row.unique()]
      return `UPDATE OR ${random.pick(['REPLACE', 'IGNORE', 'FAIL', 'ABORT'])} ${name}
        SET u = CASE u WHEN ${one} THEN ${two} ELSE ${one} END, tag = '${row.tag}' WHERE ${both}`
    }
    case 'conditional upsert':
      if (kind.isKeyless || kind.otherKeyColumns.length > 0) return `DELETE FROM ${name} WHERE ${both}`
      return `INSERT ${insert} VALUES ${row.values()}
        ON CONFLICT (id) DO UPDATE SET b = excluded.b, tag = excluded.tag WHERE a IS NOT excluded.a ON CONFLICT DO NOTHING`
    case 'moving upsert':
      if (kind.isKeyless) return `UPDATE ${name} SET ${assignments} WHERE ${both}`
      return `INSERT ${insert} VALUES ${row.values()} ON CONFLICT DO UPDATE SET id = ${row.key()}, tag = excluded.tag`
    case 'savepoint':
      // Where a reference is missing, it would stay open.
      if (kind.hasParent) return `UPDATE ${name} SET ${assignments} WHERE ${both}`
      return [
        'SAVEPOINT attempt',
        `UPDATE OR IGNORE ${name} SET b = 'taken back', tag = '${row.tag}' WHERE ${both}`,
        `DELETE FROM ${name} WHERE id = ${key}`,
        `INSERT OR IGNORE ${insert} VALUES ${row.values()}`,
        'ROLLBACK TO attempt',
        'RELEASE attempt',
      ].join('; ')
    case 'returning':
      return `DELETE FROM ${name} WHERE ${both} RETURNING *`
  }
}
