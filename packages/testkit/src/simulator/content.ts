import type Sqlite from 'better-sqlite3'

import { ownRows } from './tables.ts'
import type { Table } from './tables.ts'

/** Columns that are added later are named so. */
export const ADDED_COLUMN = 'added_'

/** What reads: an SDK database, or better-sqlite3's. */
export type Reader = Pick<Sqlite.Database, 'prepare'>

/**
 * Objects of the application, and the rows of each table with their storage classes, in an order that does
 * not depend on how they were written.
 */
export type Content = ReadonlyMap<string, string>

const IS_OURS =
  "name LIKE 'tidemark\\_%' ESCAPE '\\' OR name LIKE 'turso\\_%' ESCAPE '\\' OR name LIKE '\\_\\_turso\\_%' ESCAPE '\\' OR name LIKE 'sqlite\\_%' ESCAPE '\\'"

export function contentOf(db: Reader): Content {
  const objects = all<{ type: string; name: string; sql: string }>(
    db,
    `SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND NOT (${IS_OURS}) ORDER BY type, name`,
  )
  const content = new Map<string, string>()
  for (const { type, name, sql } of objects) {
    content.set(`${type} ${name}`, sql)
    if (type === 'table') content.set(`rows of ${name}`, rowsOf(db, name))
  }
  const [versions] = all<Record<string, unknown>>(db, 'SELECT * FROM pragma_user_version')
  content.set('user_version', JSON.stringify(versions))
  return content
}

/**
 * The rows of one writer, without columns that others may add ({@link ADDED_COLUMN}); null where the table is
 * not there.
 */
export function ownRowsOf(db: Reader, table: Table, writer: number): string | null {
  const exists = all(db, `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '${table.name}'`)
  if (exists.length === 0) return null
  return rowsOf(db, table.name, { where: `WHERE ${ownRows(table, writer)}`, withAdded: false })
}

/** How often each line is in the two journals. */
export function journalsOf(db: Reader): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { line, n } of all<{ line: string; n: number }>(
    db,
    `SELECT 'journal ' || tag AS line, count(*) AS n FROM journal GROUP BY 1
     UNION ALL SELECT what || ' ' || coalesce(tag, '-') AS line, count(*) AS n FROM trail GROUP BY 1`,
  ))
    counts.set(line, n)
  return counts
}

/** The first few differences, for people. */
export function differences(a: Content, b: Content): string[] {
  const found: string[] = []
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const [left, right] = [a.get(key), b.get(key)]
    if (left === right) continue
    const [leftLines, rightLines] = [left?.split('\n') ?? [], right?.split('\n') ?? []]
    found.push(
      `${key}: only in the first: ${show(without(leftLines, rightLines))}; only in the second: ${show(without(rightLines, leftLines))}`,
    )
  }
  return found
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return lines.filter((line) => {
    const index = left.indexOf(line)
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
}

function show(lines: readonly string[]): string {
  return lines.length === 0
    ? 'nothing'
    : lines
        .slice(0, 4)
        .map((line) => line.slice(0, 200))
        .join(' | ')
}

/**
 * All rows of a table, by the names of its columns. They are put together here: SQL that did it took several
 * times as long to be prepared as to be run.
 */
export function rowsOf(
  db: Reader,
  table: string,
  { where, withAdded }: { readonly where: string; readonly withAdded: boolean } = {
    where: '',
    withAdded: true,
  },
): string {
  const columns = all<{ name: string }>(db, `SELECT name FROM pragma_table_xinfo('${table}') ORDER BY name`)
  const names = columns.map(({ name }) => name).filter((name) => withAdded || !name.startsWith(ADDED_COLUMN))
  // Text may have bytes that are none: they would be replaced.
  const values = names.map((name) => `iif(typeof("${name}") = 'text', hex("${name}"), "${name}")`)
  const rows = db.prepare(`SELECT ${values.join()} FROM ${table} ${where}`).raw().safeIntegers().all()
  return (rows as unknown[][])
    .map((row) => row.map((value, index) => `${names[index]}=${shown(value)}`).join(' '))
    .toSorted()
    .join('\n')
}

/** A value with the first letter of its storage class. Text is in hexadecimal already. */
function shown(value: unknown): string {
  if (value === null) return 'n'
  if (typeof value === 'bigint') return `i${value}`
  if (typeof value === 'number') return `r${Object.is(value, -0) ? '-0' : value}`
  return typeof value === 'string' ? `t${value}` : `b${(value as Buffer).toString('hex')}`
}

function all<T>(db: Reader, sql: string): T[] {
  return db.prepare(sql).all() as T[]
}
