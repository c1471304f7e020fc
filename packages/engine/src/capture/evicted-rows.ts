import { quoteIdentifier } from '../sql/quote.ts'
import { changeTypes, nowMs } from './own-tables.ts'
import { images, isSameRow, rowidOf, sameKey, valuesOf } from './trigger-terms.ts'
import type { UniqueCondition } from './unique-conditions.ts'
import type { UserTable } from './user-table.ts'

/*
 * The rows that the running statement may be about to remove with REPLACE wait in `tidemark_evicted` until it
 * is seen whether they have gone. Between the two stand the application's BEFORE triggers and foreign key
 * actions, which may write to the same table, and remove or change other rows of it, or these.
 *
 * | shape | id | images |
 * | --- | --- | --- |
 * | 0 | time of the statement, which tells what earlier ones have left | |
 * | -N | the last change id when one of its rows began, from the second row of this table on | what that row is to become |
 * | N | rowid | a row that has a unique value in common with it |
 *
 * A row that is left out (OR IGNORE, upserts) says nothing when it is over. So what was put aside stays for a
 * few more rows, in case one of them is nested in it.
 */

/** As many rows as may be nested in each other by triggers that write to their own table. */
const MAX_DEPTH = 8

export const anyEvicted = 'WHEN EXISTS (SELECT 1 FROM tidemark_evicted)'

/** What earlier statements have left. */
const forgetEarlier = `DELETE FROM tidemark_evicted WHERE NOT EXISTS (SELECT 1 FROM tidemark_evicted WHERE shape = 0 AND id = ${nowMs})`

/** SQL for a BEFORE trigger: puts those stored rows aside that collide by one of `conditions` and are `suffix`. */
export function putAside(
  table: UserTable,
  shapeId: number,
  conditions: readonly UniqueCondition[],
  suffix: string,
): string[] {
  const { columns } = table.shape
  const collides = `(${conditions.map(({ sql }) => `(${sql})`).join(' OR ')}) AND ${suffix}`
  const isAside = isSameRow(table, (_, stored) => `tidemark_evicted.${stored}`, `${storedName(table)}.`)
  return [
    forgetEarlier,
    `INSERT INTO tidemark_evicted(shape,id) SELECT 0,${nowMs} WHERE NOT EXISTS (SELECT 1 FROM tidemark_evicted)`,
    `DELETE FROM tidemark_evicted WHERE shape <> 0 AND rowid <` +
      ` (SELECT rowid FROM tidemark_evicted WHERE shape < 0 ORDER BY rowid DESC LIMIT 1 OFFSET ${MAX_DEPTH - 1})`,
    `INSERT INTO tidemark_evicted(shape,id,${images('b', columns)})` +
      ` VALUES(-${shapeId},(SELECT max(change_id) FROM tidemark_cdc),${valuesOf('NEW.', columns)})`,
    `DELETE FROM tidemark_evicted WHERE shape = ${shapeId} AND EXISTS (SELECT 1 FROM ${storedRows(table)} WHERE ${collides} AND ${isAside})`,
    `INSERT INTO tidemark_evicted(shape,id,${images('b', columns)})` +
      ` SELECT ${shapeId},${rowidOf(table, '')},${valuesOf('', columns)} FROM ${storedRows(table)} WHERE ${collides}`,
  ]
}

/**
 * SQL for an AFTER trigger: records that those rows are gone that were put aside and for which the condition
 * `gone` is true. The identity of those for which `isTaken` is true is the new row's by now.
 */
export function recordEvicted(
  table: UserTable,
  shapeId: number,
  gone: string,
  isTaken: string = '0',
): string[] {
  const { columns } = table.shape
  const isGone = `shape = ${shapeId} AND (${gone})`
  const change = `FROM tidemark_cdc AS c WHERE ${isChangeOfEvicted(table, shapeId)}`
  return [
    forgetEarlier,
    `UPDATE tidemark_evicted SET (${images('b', columns)}) = (SELECT ${images('a', columns)} ${change} ORDER BY c.change_id DESC LIMIT 1)` +
      ` WHERE ${isGone} AND (${isTaken}) IS NOT TRUE AND EXISTS (SELECT 1 ${change})`,
    `INSERT INTO tidemark_cdc(change_time,change_type,shape,id,${images('b', columns)})` +
      ` SELECT ${nowMs},${changeTypes.delete},${shapeId},id,${images('b', columns)} FROM tidemark_evicted WHERE ${isGone}`,
    `DELETE FROM tidemark_evicted WHERE ${isGone}`,
  ]
}

/** The row has been written since it was put aside: what it was then is not what is gone. */
function isChangeOfEvicted({ shape, rowid, rowidIsKey }: UserTable, shapeId: number): string {
  const began =
    'SELECT m.id FROM tidemark_evicted AS m WHERE m.shape < 0 AND m.rowid < tidemark_evicted.rowid ORDER BY m.rowid DESC LIMIT 1'
  // A change has the rowid that the row had before it.
  const isRow =
    rowid === null || rowidIsKey
      ? shape.key.map((position) => `c.a${position} IS tidemark_evicted.b${position}`).join(' AND ')
      : 'c.id IS tidemark_evicted.id'
  const isWritten = `c.change_type IN (${changeTypes.insert},${changeTypes.update})`
  return `c.change_id > (${began}) AND c.shape = ${shapeId} AND ${isWritten} AND ${isRow}`
}

/** SQL for an AFTER UPDATE trigger: the row is under its new identity what it was under the old. */
export function followEvicted(table: UserTable, shapeId: number): string {
  const { columns } = table.shape
  const sets = columns.map((name, index) => `b${index}=NEW.${quoteIdentifier(name)}`)
  return `UPDATE tidemark_evicted SET id=${rowidOf(table, 'NEW.')},${sets.join()} WHERE shape = ${shapeId} AND ${isEvicted(table, 'OLD.')}`
}

/** SQL for an AFTER trigger: the row is done. */
export function endOfRow(table: UserTable, shapeId: number): string[] {
  return [
    `DELETE FROM tidemark_evicted WHERE shape = -${shapeId} AND ${isAnnounced(table)}`,
    'DELETE FROM tidemark_evicted WHERE NOT EXISTS (SELECT 1 FROM tidemark_evicted WHERE shape <> 0)',
  ]
}

/**
 * SQL for an AFTER UPDATE trigger: the updated row has put rows aside, so that it may have removed some. An
 * update that follows from another one has none aside, and what it misses may be what is being changed.
 */
export function hasPutAside({ shape, replacingNull }: UserTable, shapeId: number): string {
  const { columns, key } = shape
  const known = columns.flatMap((name, index) =>
    (key.length > 0 && !key.includes(index)) || replacingNull.has(name)
      ? []
      : [` AND m.b${index} IS NEW.${quoteIdentifier(name)}`],
  )
  return `EXISTS (SELECT 1 FROM tidemark_evicted AS m WHERE m.shape = -${shapeId}${known.join('')})`
}

/** The new row is what was announced. Its rowid, and defaults that NULL gives way to, are not known before. */
function isAnnounced({ shape, rowidIsKey, replacingNull }: UserTable): string {
  const known = shape.columns.flatMap((name, index) =>
    (rowidIsKey && shape.key.includes(index)) || replacingNull.has(name)
      ? []
      : [`b${index} IS NEW.${quoteIdentifier(name)}`],
  )
  return known.length === 0 ? '1' : known.join(' AND ')
}

/** The row put aside is the row behind `prefix`. */
export function isEvicted(table: UserTable, prefix: 'OLD.' | 'NEW.'): string {
  return isSameRow(table, (_, stored) => stored, prefix)
}

/** The new row has the key of the row put aside. */
export function isEvictedNew(table: UserTable): string {
  if (table.shape.key.length === 0) return isEvicted(table, 'NEW.')
  return sameKey(table, (_, stored) => stored, 'NEW.')
}

export function isNotStored(table: UserTable): string {
  const isStored = isSameRow(table, (_, stored) => `tidemark_evicted.${stored}`, 's.')
  return `NOT EXISTS (SELECT 1 FROM ${quoteIdentifier(table.shape.name)} AS s WHERE ${isStored})`
}

/**
 * The table in the FROM clause of a condition that compares its rows with the new one: if it is called "new",
 * it must not be taken for that.
 */
export function storedRows(table: UserTable): string {
  const name = quoteIdentifier(table.shape.name)
  return storedName(table) === name ? name : `${name} AS ${storedName(table)}`
}

function storedName({ shape }: UserTable): string {
  return /^(new|old)$/i.test(shape.name) ? 'stored' : quoteIdentifier(shape.name)
}
