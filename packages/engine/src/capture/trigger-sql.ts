import { quoteIdentifier } from '../sql/quote.ts'
import {
  anyEvicted,
  endOfRow,
  hasPutAside,
  isEvicted,
  isEvictedNew,
  isNotStored,
  followEvicted,
  putAside,
  recordEvicted,
  storedRows,
} from './evicted-rows.ts'
import { hasFollowed, recordFollowed } from './followed-updates.ts'
import { forgetOverruled } from './overruled-updates.ts'
import { changeTypes, nowMs } from './own-tables.ts'
import { images, isSameRow, record, rowidOf, valuesOf } from './trigger-terms.ts'
import type { TriggerParts } from './trigger-terms.ts'
import { newValue } from './unique-conditions.ts'
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
  /** Whether a row may go with another. */
  readonly hasCascades: boolean
}

/**
 * The triggers that capture one table, in the order in which they must be created: SQLite fires the last created first,
 * and ours must come before the application's AFTER triggers, whose own writes are captured as they happen.
 *
 * REPLACE removes rows without firing delete triggers (unless recursive_triggers is on). A BEFORE trigger
 * sees them, but not whether they will go: the statement may be an upsert or OR IGNORE. So a row with the key
 * of the new one is recorded as a touch, of which the reader makes sense; rows with another unique key in
 * common are put aside, and the AFTER trigger records those that are gone.
 */
export function captureTriggers(
  table: UserTable,
  shapeId: number,
  keys: UniqueKeys,
  { following, hasDeleteActions, hasCascades }: SelfReferences,
): CaptureTrigger[] {
  const triggers = [
    ...rowTriggers(table, shapeId, following),
    ...replacingInsertTriggers(table, shapeId, keys),
    ...(keys.others.length > 0 || hasCascades ? [removalTrigger(table, shapeId)] : []),
    ...replacingUpdateTriggers(table, shapeId, keys, { following, hasDeleteActions }),
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
  const isOther = isOtherThanNew(table, key)
  return [
    touch,
    {
      role: 'before_insert_unique',
      when: `BEFORE INSERT ON ${name} WHEN ${existsAny(table, others, isOther)}`,
      body: putAside(table, shapeId, others, isOther),
    },
    {
      // What has the key of the new row has been touched.
      role: 'after_insert',
      when: `AFTER INSERT ON ${name} ${anyEvicted}`,
      body: [
        forgetEvicted(shapeId, isEvictedNew(table)),
        ...recordEvicted(table, shapeId, isNotStored(table)),
        ...endOfRow(table, shapeId),
      ],
    },
  ]
}

/**
 * SQL for a BEFORE INSERT trigger: the stored row does not have the key of the new one. A rowid that SQLite
 * is to choose is -1 there, which a stored row may have: what is removed is seen when the new row has its
 * own.
 */
function isOtherThanNew({ shape, rowid, rowidIsKey }: UserTable, key: UniqueCondition): string {
  const isOther = `(${key.sql}) IS NOT TRUE`
  const isByRowid = rowidIsKey || shape.key.length === 0
  return isByRowid ? `(${isOther} OR NEW.${rowid} = -1)` : isOther
}

/** A cascade of the removal may delete the very row that was to take the place: then nothing else follows. */
function removalTrigger(table: UserTable, shapeId: number): TriggerParts {
  return {
    role: 'after_delete',
    when: `AFTER DELETE ON ${quoteIdentifier(table.shape.name)} ${anyEvicted}`,
    body: [
      forgetEvicted(shapeId, isEvicted(table, 'OLD.')),
      ...recordEvicted(table, shapeId, isNotStored(table)),
    ],
  }
}

/** Only for updates that can change a unique column: all others cost nothing. */
function replacingUpdateTriggers(
  table: UserTable,
  shapeId: number,
  { key, others }: UniqueKeys,
  { following, hasDeleteActions }: Pick<SelfReferences, 'following' | 'hasDeleteActions'>,
): TriggerParts[] {
  const conditions = [key, ...others]
  const name = quoteIdentifier(table.shape.name)
  const of = updatedColumns(conditions)
  const isOther = `NOT (${isSameRow(table, (column) => column, 'OLD.')})`
  // What shares its key with the new row is gone for certain.
  const goneOf = others.length === 0 ? isEvictedNew(table) : `${isEvictedNew(table)} OR ${isNotStored(table)}`
  const gone = following.length === 0 ? goneOf : `${hasPutAside(table, shapeId)} AND (${goneOf})`
  return [
    {
      role: 'before_update',
      when: `BEFORE UPDATE${of} ON ${name} WHEN ${existsAny(table, conditions, isOther)}`,
      body: putAside(table, shapeId, conditions, isOther),
    },
    {
      role: 'after_update',
      when: `AFTER UPDATE${of} ON ${name} ${anyEvicted}`,
      body: [
        ...recordEvicted(
          table,
          shapeId,
          `(${isEvicted(table, 'OLD.')}) IS NOT TRUE AND (${gone})`,
          isEvicted(table, 'NEW.'),
        ),
        ...(hasDeleteActions ? [forgetOverruled(table, shapeId)] : []),
        followEvicted(table, shapeId),
        ...endOfRow(table, shapeId),
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
  const newKeyValues = table.shape.key.map((position) => `,${newValue(table, columns[position]!)}`).join('')
  return (
    `INSERT INTO tidemark_cdc(change_time,change_type,shape,id,${images('b', columns)}${newKey})` +
    ` SELECT ${nowMs},${changeTypes.touch},${shapeId},${rowidOf(table, '')},${valuesOf('', columns)}${newKeyValues}` +
    ` FROM ${storedRows(table)} WHERE ${key.sql}`
  )
}

/** Forgets rows put aside for which the SQL condition is true: they are captured otherwise. */
function forgetEvicted(shapeId: number, condition: string): string {
  return `DELETE FROM tidemark_evicted WHERE shape = ${shapeId} AND ${condition}`
}
