import type Database from 'better-sqlite3'
import { inSavepoint } from '../sql/savepoint.ts'
import { sameValue } from '../sql/value-equality.ts'
import type { CapturedRow } from './captured-change.ts'
import { CapturedWriter } from './captured-writer.ts'
import { currentSchema, currentVersions, rememberSchema } from './known-schema.ts'
import type { SchemaObject } from './known-schema.ts'
import { recordRows, recordSchema } from './record.ts'
import { schemaDifference } from './schema-difference.ts'
import { TableObjects } from './table-objects.ts'
import { uniqueKeys } from './unique-conditions.ts'
import type { UniqueKeys } from './unique-conditions.ts'
import { userTables } from './user-table.ts'
import type { UserTable } from './user-table.ts'
import { virtualTables } from './virtual-table.ts'
import { RowFinder, walkRows } from './walk-rows.ts'
import type { StoredRow } from './walk-rows.ts'

/**
 * Captures in `current`, which has capture's tables, everything in which its schema and rows differ from
 * `base`, an earlier state of the same file. Reads both from end to end, in bounded memory (I7).
 *
 * @param timeMs when a row was changed, in milliseconds since the epoch: what has one time is never pushed in part (I5)
 * @returns the number of changes captured
 */
export function captureDifference(
  base: Database.Database,
  current: Database.Database,
  timeMs: () => number = Date.now,
): number {
  return inSavepoint(current, () => {
    let count = 0
    const recordAll = (statements: readonly string[]): void => {
      for (const sql of statements) recordSchema(current, sql)
      count += statements.length
    }
    const schema = schemaDifference(currentSchema(base), currentSchema(current), unchangedIn(base, current))
    recordAll(pragmas(base, current))
    recordAll(schema.statementsBeforeRows)
    const objects = new TableObjects(current)
    for (const table of [...userTables(current), ...virtualTables(current).map((virtual) => virtual.table)]) {
      if (schema.newTables.has(table.shape.name)) count += recordRows(current, table)
      else count += captureRows(base, current, table, objects, timeMs)
    }
    recordAll(schema.statementsAfterRows)
    rememberSchema(current)
    return count
  })
}

/** Tables whose definition differs are created anew: it is rare that one is altered just while nothing captures. */
function unchangedIn(base: Database.Database, current: Database.Database): (table: string) => string | null {
  const describe = ({ type, name, sql }: SchemaObject): string => JSON.stringify([type, name, sql])
  const before = new Set(currentSchema(base).map(describe))
  const unchanged = new Set(
    currentSchema(current).flatMap((object) => (before.has(describe(object)) ? [object.name] : [])),
  )
  return (table) => (unchanged.has(table) ? table : null)
}

function pragmas(base: Database.Database, current: Database.Database): string[] {
  const [before, after] = [currentVersions(base), currentVersions(current)]
  const statements: string[] = []
  if (before.userVersion !== after.userVersion) statements.push(`PRAGMA user_version = ${after.userVersion}`)
  if (before.applicationId !== after.applicationId)
    statements.push(`PRAGMA application_id = ${after.applicationId}`)
  return statements
}

/**
 * Rows that are gone come first, then the others: so a unique value moves from one row to another without
 * being twice there. For the same reason a row that has changed in a unique column is deleted and inserted.
 */
function captureRows(
  base: Database.Database,
  current: Database.Database,
  table: UserTable,
  objects: TableObjects,
  timeMs: () => number,
): number {
  const writer = new CapturedWriter(current)
  const isUnique = uniqueColumns(uniqueKeys(current, table, objects), table)
  const changed = (before: StoredRow, after: StoredRow): number[] =>
    table.shape.columns.flatMap((_, index) =>
      sameValue(before.image[index]!, after.image[index]!) ? [] : [index],
    )
  const inCurrent = new RowFinder(current, table)
  const inBase = new RowFinder(base, table)
  let count = 0
  const write = (kind: CapturedRow['kind'], before: StoredRow | null, after: StoredRow | null): void => {
    const rowid = (before ?? after)?.rowid ?? null
    const images = { before: before?.image ?? null, after: after?.image ?? null }
    writer.append({ kind, changeId: 0, timeMs: timeMs(), table: table.shape, rowid, ...images })
    count += 1
  }
  for (const row of walkRows(base, table)) {
    const now = inCurrent.find(row)
    if (now === null || changed(row, now).some(isUnique)) write('delete', row, null)
  }
  for (const row of walkRows(current, table)) {
    const before = inBase.find(row)
    const columns = before === null ? [] : changed(before, row)
    if (before === null || columns.some(isUnique)) write('insert', null, row)
    else if (columns.length > 0) write('update', before, row)
  }
  return count
}

function uniqueColumns({ key, others }: UniqueKeys, table: UserTable): (column: number) => boolean {
  const names = [key, ...others].flatMap((condition) => condition.columns ?? table.shape.columns)
  const columns = new Set(names.map((name) => table.shape.columns.indexOf(name)))
  return (column) => columns.has(column)
}
