import type Database from 'better-sqlite3'
import { hasTable } from '../sql/has-table.ts'
import { quoteIdentifier } from '../sql/quote.ts'
import { growImages } from './image-tables.ts'
import { shapeNumber } from './shape-number.ts'
import { changeTypes, nowMs } from './own-tables.ts'
import { virtualTables } from './virtual-table.ts'
import type { VirtualTable } from './virtual-table.ts'

/*
 * Virtual tables have no triggers, and triggers on their shadow tables make the file unreadable for
 * connections in defensive mode. So their rows are kept a second time as they were captured last, in
 * `tidemark_virtual_<shape>`, and compared before each push and pull. That costs a scan, which FTS5 spares
 * where it shows by its structure record that nothing was written.
 */

/** Takes the rows of all virtual tables as they are for captured. */
export function rememberVirtualRows(db: Database.Database): void {
  const virtuals = virtualTables(db)
  const copies = new Set(virtuals.map((virtual) => copyName(db, virtual)))
  for (const name of virtualCopies(db)) if (!copies.has(name)) db.exec(`DROP TABLE ${name}`)
  for (const virtual of virtuals) rememberRows(db, virtual)
}

/** Names of the tables that hold the rows captured last. */
export function virtualCopies(db: Database.Database): string[] {
  const select =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tidemark\\_virtual\\_%' ESCAPE '\\'"
  return db.prepare<[], string>(select).pluck().all()
}

/** Captures what has changed in virtual tables since their rows were last remembered. Returns the number of rows. */
export function captureVirtualRows(db: Database.Database): number {
  let count = 0
  for (const [virtual, copy] of touchedTables(db)) {
    const changes = captureRows(db, virtual, copy)
    if (changes > 0) rememberRows(db, virtual)
    else rememberStamp(db, virtual, copy)
    count += changes
  }
  return count
}

/**
 * Whether there are rows that {@link captureVirtualRows} would capture. Writes nothing: for use under a write
 * lock of another connection.
 */
export function hasNewVirtualRows(db: Database.Database): boolean {
  for (const [virtual, copy] of touchedTables(db))
    for (const { rows } of differences(virtual, copy))
      if (db.prepare(`SELECT 1 ${rows} LIMIT 1`).get() !== undefined) return true
  return false
}

/** The virtual tables that may have changed, each with the name of the table of its rows as they were. */
function* touchedTables(db: Database.Database): Generator<[VirtualTable, string]> {
  for (const virtual of virtualTables(db)) {
    const copy = copyName(db, virtual)
    if (hasTable(db, copy) && !isUntouched(db, virtual, copy)) yield [virtual, copy]
  }
}

/** A kind of change, and what of it there is. */
interface Difference {
  readonly type: number
  /** The columns of `tidemark_cdc` for the images, and what goes there, with the rowid before it. */
  readonly images: string
  readonly values: string
  /** The FROM clause of the rows that have changed so. */
  readonly rows: string
}

function differences({ table }: VirtualTable, copy: string): Difference[] {
  const { name, columns } = table.shape
  const source = `main.${quoteIdentifier(name)}`
  const list = (prefix: string): string => columns.map((_, index) => prefix + index).join()
  const now = columns.map((column) => `v.${quoteIdentifier(column)}`)
  const rowid = now[0]!
  const differs = now.map((value, index) => `${value} COLLATE BINARY IS NOT c.c${index}`).join(' OR ')
  return [
    {
      type: changeTypes.delete,
      images: list('b'),
      values: `c.c0, ${list('c.c')}`,
      rows: `FROM ${copy} AS c WHERE NOT EXISTS (SELECT 1 FROM ${source} AS v WHERE ${rowid} = c.c0)`,
    },
    {
      type: changeTypes.update,
      images: `${list('a')}, ${list('b')}`,
      values: `c.c0, ${now.join()}, ${list('c.c')}`,
      rows: `FROM ${copy} AS c JOIN ${source} AS v ON ${rowid} = c.c0 WHERE ${differs}`,
    },
    {
      type: changeTypes.insert,
      images: list('a'),
      values: `${rowid}, ${now.join()}`,
      rows: `FROM ${source} AS v WHERE NOT EXISTS (SELECT 1 FROM ${copy} AS c WHERE c.c0 = ${rowid})`,
    },
  ]
}

function captureRows(db: Database.Database, virtual: VirtualTable, copy: string): number {
  const shape = shapeNumber(db, virtual.table.shape)
  let count = 0
  for (const { type, images, values, rows } of differences(virtual, copy))
    count += db
      .prepare(
        `INSERT INTO tidemark_cdc(change_time, change_type, shape, id, ${images}) SELECT ${nowMs}, ${type}, ${shape}, ${values} ${rows}`,
      )
      .run().changes
  return count
}

function rememberRows(db: Database.Database, virtual: VirtualTable): void {
  const { name, columns } = virtual.table.shape
  growImages(db, columns.length)
  const copy = copyName(db, virtual)
  const rest = columns.slice(1).map((_, index) => `, c${index + 1}`)
  db.exec(`
    CREATE TABLE IF NOT EXISTS ${copy}(c0 INTEGER PRIMARY KEY${rest.join('')});
    DELETE FROM ${copy};
    INSERT INTO ${copy} SELECT ${columns.map(quoteIdentifier).join()} FROM main.${quoteIdentifier(name)}`)
  rememberStamp(db, virtual, copy)
}

function copyName(db: Database.Database, { table }: VirtualTable): string {
  return `tidemark_virtual_${shapeNumber(db, table.shape)}`
}

function isUntouched(db: Database.Database, virtual: VirtualTable, copy: string): boolean {
  const stamp = stampOf(db, virtual)
  const known = db
    .prepare<[string], string>('SELECT value FROM tidemark_state WHERE key = ?')
    .pluck()
    .get(copy)
  return stamp !== null && stamp === known
}

function rememberStamp(db: Database.Database, virtual: VirtualTable, copy: string): void {
  db.prepare('INSERT OR REPLACE INTO tidemark_state(key, value) VALUES (?, ?)').run(
    copy,
    stampOf(db, virtual),
  )
}

/**
 * FTS5 writes its structure (id 10) and averages (id 1) records with every change. Other modules have nothing
 * of the kind.
 */
function stampOf(db: Database.Database, { table, module }: VirtualTable): string | null {
  if (module !== 'fts5') return null
  const select = `SELECT group_concat(id || hex(block)) FROM main.${quoteIdentifier(`${table.shape.name}_data`)} WHERE id IN (1, 10)`
  return db.prepare<[], string | null>(select).pluck().get() ?? null
}
