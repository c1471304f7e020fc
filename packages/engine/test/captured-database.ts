import { randomBytes } from 'node:crypto'
import type { PushHeader } from '@tidemark/protocol'
import Database from 'better-sqlite3'
import { ApplyConnection } from '../src/apply/apply-connection.ts'
import { applyPush } from '../src/apply/apply-push.ts'
import type { PushOutcome } from '../src/apply/push-outcome.ts'
import { acknowledgedChangeId, pushRecord } from '../src/apply/push-record.ts'
import { installCapture, prepareCapture } from '../src/capture/install.ts'
import { isReservedName } from '../src/capture/own-tables.ts'
import { maxChangeId, readCaptured } from '../src/capture/read-captured.ts'
import { captureSchemaStatement } from '../src/capture/schema-statement.ts'
import { toWireChange } from '../src/capture/to-wire-change.ts'
import type { Conflict, ConflictResolver, Resolution } from '../src/replay/conflict.ts'
import { replayCaptured } from '../src/replay/replay-captured.ts'
import type { ReplayReport } from '../src/replay/replay-captured.ts'
import { quoteIdentifier } from '../src/sql/quote.ts'

/** A database in memory with `sql` run and capture installed. */
export function capturedDatabase(sql: string): Database.Database {
  const db = new Database(':memory:')
  db.exec(sql)
  installCapture(db, { firstChangeId: 1 })
  return db
}

/** Runs a schema statement as the SDK does. */
export function runSchema(db: Database.Database, sql: string): void {
  captureSchemaStatement(db, sql, () => db.exec(sql))
}

/** A connection that pushes are applied to, on a database in memory with `sql` run. */
export function receiver(sql: string = ''): ApplyConnection {
  const db = new Database(':memory:')
  db.exec(sql)
  return new ApplyConnection(db)
}

/** Pushes what `source` has captured and `target` does not have yet, as one batch. */
export function push(
  source: Database.Database,
  target: ApplyConnection,
  header: Partial<PushHeader> = {},
): PushOutcome {
  const clientId = header.clientId ?? 'client'
  const acknowledged = acknowledgedChangeId(target.db, clientId)
  const changes = [...readCaptured(source, acknowledged)]
    .map((change) => toWireChange(change))
    .filter((change) => change !== null)
  return applyPush(target, {
    header: {
      clientId,
      pushId: randomBytes(16),
      previousPushId: pushRecord(target.db, clientId)?.pushId ?? new Uint8Array(),
      baseRevision: 'base',
      firstChangeId: acknowledged + 1,
      lastChangeId: maxChangeId(source),
      walPages: 0,
      conflictPolicy: 'detect',
      enforceForeignKeys: true,
      ...header,
    },
    changes: () => changes,
  })
}

export interface Rebased {
  readonly db: Database.Database
  readonly report: ReplayReport
  readonly conflicts: readonly Conflict[]
}

export interface RebaseOptions {
  readonly resolve?: ConflictResolver
  readonly clientId?: string
}

/** What a pull does: the state of `server`, with capture installed and what is pending in `local` replayed. */
export function rebase(
  local: Database.Database,
  server: Database.Database,
  options: RebaseOptions = {},
): Rebased {
  const { resolve = (): Resolution => 'keep-local', clientId = 'client' } = options
  const connection = new ApplyConnection(new Database(server.serialize()))
  const { db } = connection
  const conflicts: Conflict[] = []
  db.exec('BEGIN IMMEDIATE')
  const ids = { firstChangeId: Math.max(maxChangeId(local), acknowledgedChangeId(db, clientId)) + 1 }
  prepareCapture(db, ids)
  const report = replayCaptured(connection, readCaptured(local, 0), {
    acknowledgedId: acknowledgedChangeId(db, clientId),
    rowids: pushRecord(db, clientId)?.rowids ?? [],
    enforceForeignKeys: true,
    resolve,
    onConflict: (conflict) => conflicts.push(conflict),
  })
  installCapture(db, ids)
  db.exec('COMMIT')
  const reopened = new Database(db.serialize())
  db.close()
  return { db: reopened, report, conflicts }
}

/**
 * Schema and rows of the application's tables, with storage classes, in an order that does not depend on how
 * they were written.
 */
export function contents(db: Database.Database): Record<string, unknown> {
  const objects = db
    .prepare<[], { type: string; name: string; sql: string }>(
      'SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name',
    )
    .all()
    .filter(({ name, sql }) => !isReservedName(name) && !/ ON "?(tidemark|turso)_/.test(sql))
  const tables = objects.filter(({ type }) => type === 'table').map(({ name }) => name)
  return { objects, ...Object.fromEntries(tables.map((name) => [name, rows(db, name)])) }
}

function rows(db: Database.Database, table: string): unknown[] {
  const columns = db
    .prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?)')
    .pluck()
    .all(table)
    .map(quoteIdentifier)
  const exact = columns.map(
    (column) =>
      `typeof(${column}) || ':' || CASE typeof(${column}) WHEN 'real' THEN printf('%!.17g', ${column}) ELSE hex(CAST(${column} AS BLOB)) END`,
  )
  return db
    .prepare<[], string[]>(`SELECT ${exact.join()} FROM ${quoteIdentifier(table)}`)
    .raw()
    .all()
    .map((row) => row.join(' '))
    .toSorted()
}
