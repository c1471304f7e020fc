import { quoteIdentifier } from '../sql/quote.ts'
import { hasFollowed, recordFollowed } from './followed-updates.ts'
import { announceUpdate, forgetOverruled } from './overruled-updates.ts'
import { changeTypes, nowMs } from './own-tables.ts'
import { images, isSameRow, record, rowidOf, sameKey, valuesOf } from './trigger-terms.ts'
import type { TriggerParts } from './trigger-terms.ts'
import type { UniqueCondition, UniqueKeys } from './unique-conditions.ts'
import type { UserTable } from './user-table.ts'

export interface CaptureTrigger {
  readonly name: string
  readonly table: string
  /** As SQLite keeps it. */
  readonly sql: string
}

/** What foreign keys of a table that refer to the table itself may do to its rows. */
export interface SelfReferences {
  /** Columns that follow when a key changes. */
  readonly following: readonly string[]
  /** Whether a row may change when one is removed. */
  readonly hasDeleteActions: boolean
}

/**
 * The triggers that capture one table, in the order in which they must be created: SQLite fires the last created first,
 * and ours must come before the application's AFTER triggers, whose own writes are captured as they happen.
 *
 * REPLACE removes rows without firing delete triggers (unless recursive_triggers is on). A BEFORE trigger sees them, but not whether they will
 * go: the statement may be an upsert or OR IGNORE. So a row with the key of the new one is recorded as a touch, of which the reader makes
 * sense; rows with another unique key in common are put aside, and the AFTER trigger records those that are gone.
 */
export function captureTriggers(
  table: UserTable,
  shapeId: number,
  keys: UniqueKeys,
  { following, hasDeleteActions }: SelfReferences,
): CaptureTrigger[] {
  const triggers = [
    ...rowTriggers(table, shapeId, following),
    ...replacingInsertTriggers(table, shapeId, keys),
    ...replacingUpdateTriggers(table, shapeId, keys, hasDeleteActions),
  ]
  return triggers.map(({ role, when, body }) => {
    const name = `tidemark_${shapeId}_${role}`
    return {
      name,
      table: table.shape.name,
      sql: `CREATE TRIGGER ${name} ${when} BEGIN ${body.join('; ')}; END`,
    }
  })
}

const anyEvicted = 'WHEN EXISTS (SELECT 1 FROM tidemark_evicted)'

function rowTriggers(table: UserTable, shapeId: number, following: readonly string[]): TriggerParts[] {
  const on = `ON ${quoteIdentifier(table.shape.name)}`
  const triggers = [
    { role: 'insert', when: `AFTER INSERT ${on}`, body: [recordInsert(table, shapeId)] },
    { role: 'delete', when: `AFTER DELETE ${on}`, body: [recordDelete(table, shapeId)] },
  ]
  const update = `AFTER UPDATE ${on}`
  // A row without a key is known by its rowid: one that gets another rowid is another row.
  const isMoved = table.shape.key.length > 0 ? null : `OLD.${table.rowid} IS NOT NEW.${table.rowid}`
  if (isMoved !== null) {
    const body = [recordDelete(table, shapeId), recordInsert(table, shapeId)]
    triggers.push({ role: 'move', when: `${update} WHEN ${isMoved}`, body })
  }
  const followed = following.length === 0 ? null : hasFollowed(table, following)
  if (followed !== null) {
    const conditions = isMoved === null ? followed : `NOT (${isMoved}) AND ${followed}`
    const body = recordFollowed(table, shapeId)
    triggers.push({ role: 'followed_update', when: `${update} WHEN ${conditions}`, body })
  }
  const others = [isMoved, followed].filter((condition) => condition !== null)
  const when = others.length === 0 ? update : `${update} WHEN NOT (${others.join(' OR ')})`
  return [...triggers, { role: 'update', when, body: [recordUpdate(table, shapeId)] }]
}

function replacingInsertTriggers(
  table: UserTable,
  shapeId: number,
  { key, others }: UniqueKeys,
): TriggerParts[] {
  const name = quoteIdentifier(table.shape.name)
  const touch = {
    role: 'before_insert',
    when: `BEFORE INSERT ON ${name} WHEN EXISTS (SELECT 1 FROM ${storedRows(table)} WHERE ${key.sql})`,
    body: [recordTouch(table, shapeId, key)],
  }
  if (others.length === 0) return [touch]
  const isOther = `(${key.sql}) IS NOT TRUE`
  const isEvictedOld = isSameRow(table, (_, stored) => stored, 'OLD.')
  return [
    touch,
    {
      role: 'before_insert_unique',
      when: `BEFORE INSERT ON ${name} WHEN ${existsAny(table, others, isOther)}`,
      body: [putAside(table, shapeId, others, isOther)],
    },
    {
      // What has the key of the new row has been touched; if it is here, an abandoned statement has left it.
      role: 'after_insert',
      when: `AFTER INSERT ON ${name} ${anyEvicted}`,
      body: [
        recordEvicted(table, shapeId, `(${isEvictedNew(table)}) IS NOT TRUE AND ${isNotStored(table)}`),
        forget(shapeId),
      ],
    },
    {
      // A cascade of the removal may delete the very row that was to take the place: then nothing else follows.
      role: 'after_delete',
      when: `AFTER DELETE ON ${name} ${anyEvicted}`,
      body: [
        recordEvicted(table, shapeId, `(${isEvictedOld}) IS NOT TRUE AND ${isNotStored(table)}`),
        `${forget(shapeId)} AND (${isEvictedOld} OR ${isNotStored(table, 'tidemark_evicted')})`,
      ],
    },
  ]
}

/** Only for updates that can change a unique column: all others cost nothing. */
function replacingUpdateTriggers(
  table: UserTable,
  shapeId: number,
  { key, others }: UniqueKeys,
  hasDeleteActions: boolean,
): TriggerParts[] {
  const conditions = [key, ...others]
  const name = quoteIdentifier(table.shape.name)
  const of = updatedColumns(conditions)
  const isOther = `NOT (${isSameRow(table, (column) => column, 'OLD.')})`
  const isEvictedOld = isSameRow(table, (_, stored) => stored, 'OLD.')
  // What shares its key with the new row is gone for certain.
  const gone = others.length === 0 ? isEvictedNew(table) : isGone(table)
  return [
    {
      role: 'before_update',
      when: `BEFORE UPDATE${of} ON ${name} WHEN ${existsAny(table, conditions, isOther)}`,
      body: [
        ...(hasDeleteActions ? announceUpdate(table, shapeId) : []),
        putAside(table, shapeId, conditions, isOther),
      ],
    },
    {
      role: 'after_update',
      when: `AFTER UPDATE${of} ON ${name} ${anyEvicted}`,
      body: [
        ...(hasDeleteActions ? forgetOverruled(table, shapeId) : []),
        recordEvicted(table, shapeId, `(${isEvictedOld}) IS NOT TRUE AND (${gone})`),
        forget(shapeId),
      ],
    },
  ]
}

function updatedColumns(conditions: readonly UniqueCondition[]): string {
  if (conditions.some((condition) => condition.columns === null)) return ''
  const columns = new Set(conditions.flatMap((condition) => condition.columns ?? []))
  return ` OF ${[...columns].map(quoteIdentifier).join()}`
}

function existsAny(table: UserTable, conditions: readonly UniqueCondition[], suffix: string): string {
  return conditions
    .map(({ sql }) => `EXISTS (SELECT 1 FROM ${storedRows(table)} WHERE ${sql} AND ${suffix})`)
    .join(' OR ')
}

/** The table in the FROM clause of a condition that compares its rows with the new one: if it is called "new", it must not be taken for that. */
function storedRows({ shape }: UserTable): string {
  const name = quoteIdentifier(shape.name)
  return /^(new|old)$/i.test(shape.name) ? `${name} AS stored` : name
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

/** The stored row that has the key of the new one. */
function recordTouch(table: UserTable, shapeId: number, key: UniqueCondition): string {
  const { columns } = table.shape
  const newKey = table.shape.key.map((position) => `,a${position}`).join('')
  const newKeyValues = table.shape.key
    .map((position) => `,NEW.${quoteIdentifier(columns[position]!)}`)
    .join('')
  return (
    `INSERT INTO tidemark_cdc(change_time,change_type,shape,id,${images('b', columns)}${newKey})` +
    ` SELECT ${nowMs},${changeTypes.touch},${shapeId},${rowidOf(table, '')},${valuesOf('', columns)}${newKeyValues}` +
    ` FROM ${storedRows(table)} WHERE ${key.sql}`
  )
}

/** Puts the stored rows aside that collide, in place of what an abandoned statement may have left of them. */
function putAside(
  table: UserTable,
  shapeId: number,
  conditions: readonly UniqueCondition[],
  suffix: string,
): string {
  const { name, columns } = table.shape
  const collides = `(${conditions.map(({ sql }) => `(${sql})`).join(' OR ')}) AND ${suffix}`
  const isStored = isSameRow(table, (_, stored) => `tidemark_evicted.${stored}`, 's.')
  return (
    `DELETE FROM tidemark_evicted WHERE shape = ${shapeId}` +
    ` AND EXISTS (SELECT 1 FROM ${quoteIdentifier(name)} AS s WHERE ${isStored} AND ${collides});` +
    ` INSERT INTO tidemark_evicted(shape,id,${images('b', columns)})` +
    ` SELECT ${shapeId},${rowidOf(table, '')},${valuesOf('', columns)} FROM ${storedRows(table)} WHERE ${collides}`
  )
}

/** Records those rows put aside for which the SQL condition `gone` is true. */
function recordEvicted(table: UserTable, shapeId: number, gone: string): string {
  const { columns } = table.shape
  return (
    `INSERT INTO tidemark_cdc(change_time,change_type,shape,id,${images('b', columns)})` +
    ` SELECT ${nowMs},${changeTypes.delete},${shapeId},id,${images('b', columns)} FROM tidemark_evicted AS e` +
    ` WHERE shape = ${shapeId} AND (${gone})`
  )
}

function forget(shapeId: number): string {
  return `DELETE FROM tidemark_evicted WHERE shape = ${shapeId}`
}

/** A row put aside is no longer stored, or the new row is stored in its place. */
function isGone(table: UserTable): string {
  return `${isEvictedNew(table)} OR ${isNotStored(table)}`
}

function isNotStored(table: UserTable, evicted: string = 'e'): string {
  const isStored = isSameRow(table, (_, stored) => `${evicted}.${stored}`, 's.')
  return `NOT EXISTS (SELECT 1 FROM ${quoteIdentifier(table.shape.name)} AS s WHERE ${isStored})`
}

/** The new row has the key of the row put aside. */
function isEvictedNew(table: UserTable): string {
  if (table.shape.key.length === 0) return isSameRow(table, (_, stored) => stored, 'NEW.')
  return sameKey(table, (_, stored) => stored, 'NEW.')
}
