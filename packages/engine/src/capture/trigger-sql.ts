import { quoteIdentifier } from '../sql/quote.ts'
import { changeTypes, nowMs } from './own-tables.ts'
import type { UniqueCondition } from './unique-conditions.ts'
import type { UserTable } from './user-table.ts'

/**
 * The triggers that capture one table, in the order in which they must be created: SQLite fires the last created first,
 * and ours must come before the application's AFTER triggers, whose own writes are captured as they happen.
 *
 * REPLACE deletes rows without firing delete triggers (unless recursive_triggers is on). So a BEFORE trigger puts each
 * stored row that shares a unique key with the new row aside, and the AFTER trigger records those that are gone. An upsert or
 * OR IGNORE leaves them in place, and they are forgotten.
 */
export function captureTriggers(
  table: UserTable,
  shapeId: number,
  conditions: readonly UniqueCondition[],
): string[] {
  const name = (role: string): string => `tidemark_${shapeId}_${role}`
  const on = `ON ${quoteIdentifier(table.shape.name)}`
  const trigger = (role: string, when: string, body: readonly string[]): string =>
    `CREATE TRIGGER ${name(role)} ${when} BEGIN ${body.join('; ')}; END`
  const isMoved = table.shape.key.length === 0 ? `OLD.${table.rowid} IS NOT NEW.${table.rowid}` : null
  const updated = isMoved === null ? '' : ` WHEN NOT (${isMoved})`
  const triggers = [
    trigger('insert', `AFTER INSERT ${on}`, [recordInsert(table, shapeId)]),
    trigger('update', `AFTER UPDATE ${on}${updated}`, [recordUpdate(table, shapeId)]),
    trigger('delete', `AFTER DELETE ${on}`, [recordDelete(table, shapeId)]),
  ]
  if (isMoved !== null)
    triggers.push(
      trigger('move', `AFTER UPDATE ${on} WHEN ${isMoved}`, [
        recordDelete(table, shapeId),
        recordInsert(table, shapeId),
      ]),
    )
  return [...triggers, ...evictionTriggers(table, shapeId, conditions, trigger)]
}

function evictionTriggers(
  table: UserTable,
  shapeId: number,
  conditions: readonly UniqueCondition[],
  trigger: (role: string, when: string, body: readonly string[]) => string,
): string[] {
  const tableName = quoteIdentifier(table.shape.name)
  const isOther = `NOT (${isSameRow(table, (column) => column, 'OLD.')})`
  const exists = (suffix: string): string =>
    conditions.map(({ sql }) => `EXISTS (SELECT 1 FROM ${tableName} WHERE ${sql}${suffix})`).join(' OR ')
  const columns = conditions.every((condition) => condition.columns !== null)
    ? ` OF ${[...new Set(conditions.flatMap((condition) => condition.columns ?? []))].map(quoteIdentifier).join()}`
    : ''
  const anyEvicted = 'WHEN EXISTS (SELECT 1 FROM tidemark_evicted)'
  const forget = `DELETE FROM tidemark_evicted WHERE shape = ${shapeId}`
  const isEvictedOld = isSameRow(table, (_, stored) => stored, 'OLD.')
  return [
    trigger('before_insert', `BEFORE INSERT ON ${tableName} WHEN ${exists('')}`, [
      putAside(table, shapeId, conditions, ''),
    ]),
    trigger('before_update', `BEFORE UPDATE${columns} ON ${tableName} WHEN ${exists(` AND ${isOther}`)}`, [
      putAside(table, shapeId, conditions, ` AND ${isOther}`),
    ]),
    trigger('after_insert', `AFTER INSERT ON ${tableName} ${anyEvicted}`, [
      recordEvicted(table, shapeId, ''),
      forget,
    ]),
    trigger('after_update', `AFTER UPDATE ON ${tableName} ${anyEvicted}`, [
      recordEvicted(table, shapeId, ` AND NOT (${isEvictedOld})`),
      forget,
    ]),
    trigger('after_delete', `AFTER DELETE ON ${tableName} ${anyEvicted}`, [`${forget} AND ${isEvictedOld}`]),
  ]
}

function recordInsert(table: UserTable, shapeId: number): string {
  const { columns } = table.shape
  return record(changeTypes.insert, shapeId, rowidOf(table, 'NEW.'), [
    [images('a', columns), valuesOf('NEW.', columns)],
  ])
}

function recordUpdate(table: UserTable, shapeId: number): string {
  const { columns } = table.shape
  return record(changeTypes.update, shapeId, rowidOf(table, 'OLD.'), [
    [images('a', columns), valuesOf('NEW.', columns)],
    [images('b', columns), valuesOf('OLD.', columns)],
  ])
}

function recordDelete(table: UserTable, shapeId: number): string {
  const { columns } = table.shape
  return record(changeTypes.delete, shapeId, rowidOf(table, 'OLD.'), [
    [images('b', columns), valuesOf('OLD.', columns)],
  ])
}

function record(
  type: number,
  shapeId: number,
  rowid: string,
  sets: readonly (readonly [string, string])[],
): string {
  return (
    `INSERT INTO tidemark_cdc(change_time,change_type,shape,id,${sets.map(([names]) => names).join()})` +
    ` VALUES(${nowMs},${type},${shapeId},${rowid},${sets.map(([, values]) => values).join()})`
  )
}

function putAside(
  table: UserTable,
  shapeId: number,
  conditions: readonly UniqueCondition[],
  suffix: string,
): string {
  const { name, columns } = table.shape
  const collides = conditions.map(({ sql }) => `(${sql})`).join(' OR ')
  return (
    `INSERT INTO tidemark_evicted(shape,id,${images('b', columns)})` +
    ` SELECT ${shapeId},${rowidOf(table, '')},${valuesOf('', columns)} FROM ${quoteIdentifier(name)} WHERE (${collides})${suffix}`
  )
}

/** Records the rows put aside that are gone: no longer stored, or stored under the same key as the new row. */
function recordEvicted(table: UserTable, shapeId: number, suffix: string): string {
  const { name, columns } = table.shape
  const isNew = isSameRow(table, (_, stored) => stored, 'NEW.')
  const isStored = `EXISTS (SELECT 1 FROM ${quoteIdentifier(name)} AS s WHERE ${isSameRow(table, (_, stored) => `e.${stored}`, 's.')})`
  return (
    `INSERT INTO tidemark_cdc(change_time,change_type,shape,id,${images('b', columns)})` +
    ` SELECT ${nowMs},${changeTypes.delete},${shapeId},id,${images('b', columns)} FROM tidemark_evicted AS e` +
    ` WHERE shape = ${shapeId} AND (${isNew} OR NOT ${isStored})${suffix}`
  )
}

/**
 * SQL that is true when two rows are one: `other` prefixes the column names of a row of the table, `column` names the
 * first row's column, given its name in the table and in `tidemark_evicted`. The table's own column stands on the
 * left, so that its collation decides.
 */
function isSameRow(
  table: UserTable,
  column: (name: string, stored: string) => string,
  other: string,
): string {
  if (table.rowid !== null) return `${other}${table.rowid} = ${column(table.rowid, 'id')}`
  return table.shape.key
    .map((position) => {
      const name = quoteIdentifier(table.shape.columns[position]!)
      return `${other}${name} = ${column(name, `b${position}`)}`
    })
    .join(' AND ')
}

function rowidOf(table: UserTable, prefix: string): string {
  return table.rowid === null ? 'NULL' : prefix + table.rowid
}

function images(letter: 'a' | 'b', columns: readonly string[]): string {
  return columns.map((_, index) => letter + index).join()
}

function valuesOf(prefix: string, columns: readonly string[]): string {
  return columns.map((name) => prefix + quoteIdentifier(name)).join()
}
