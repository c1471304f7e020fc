import { decodeRowidMap, encodeRowidMap, fromHranaValue, ProtocolError } from '@tidemark/protocol'
import type { HranaValue, PushHeader, RowidMapping } from '@tidemark/protocol'
import { guard } from './guard.ts'
import { StatementBuilder } from './sql-value.ts'
import type { SqlStatement } from './row-statements.ts'
import type { SqlPipeline, StatementOutcome } from './sql-pipeline.ts'

/** A trigger of the server's database. */
export interface ServerTrigger {
  readonly name: string
  readonly table: string
  readonly sql: string
}

/**
 * What the database knows of this client, in the tables that a Tidemark server keeps too: a client goes on
 * where it was when the database moves from one kind of server to the other. And its triggers, which a push
 * must not fire.
 */
export interface PushState {
  /** The last batch that was applied; null: none. */
  readonly pushId: Uint8Array | null
  /** The last change that was applied; 0: none. */
  readonly lastChangeId: number
  /** Where the rows without key went that were pushed since `baseRevision`. */
  readonly rowids: readonly RowidMapping[]
  readonly baseRevision: string
  readonly triggers: readonly ServerTrigger[]
  /** Equal as long as no trigger comes, goes or changes. */
  readonly schemaVersion: bigint
}

const SCHEMA_VERSION = '(SELECT schema_version FROM pragma_schema_version)'

export const createPushTables: readonly string[] = [
  'CREATE TABLE IF NOT EXISTS turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id INTEGER)',
  'CREATE TABLE IF NOT EXISTS tidemark_push (client_id TEXT PRIMARY KEY, push_id BLOB NOT NULL, rowids BLOB, base_revision TEXT)',
]

/** Reads it all in one request, which nothing comes between. */
export async function readPushState(
  pipeline: SqlPipeline,
  clientId: string,
  signal: AbortSignal,
): Promise<PushState> {
  const client = new StatementBuilder()
  client.bind(clientId)
  const [tables, change, push, triggers, version] = (await pipeline.execute(
    [
      plain(
        `SELECT name FROM sqlite_schema WHERE type='table' AND name IN ('turso_sync_last_change_id','tidemark_push')`,
      ),
      { sql: 'SELECT change_id FROM turso_sync_last_change_id WHERE client_id=?1', args: client.args },
      {
        sql: 'SELECT push_id, rowids, base_revision FROM tidemark_push WHERE client_id=?1',
        args: client.args,
      },
      plain(`SELECT name, tbl_name, sql FROM sqlite_schema WHERE type='trigger'`),
      plain(`SELECT ${SCHEMA_VERSION}`),
    ],
    signal,
  )) as [StatementOutcome, StatementOutcome, StatementOutcome, StatementOutcome, StatementOutcome]
  const known = new Set(rowsOf(tables).map(([name]) => textOf(name)))
  const [changeRow] = known.has('turso_sync_last_change_id') ? rowsOf(change) : []
  const [pushRow] = known.has('tidemark_push') ? rowsOf(push) : []
  const [versionRow] = rowsOf(version)
  return {
    lastChangeId: Number(integerOf(changeRow?.[0])),
    pushId: pushRow === undefined ? null : bytesOf(pushRow[0]),
    rowids: decodeRowids(bytesOf(pushRow?.[1])),
    baseRevision: textOf(pushRow?.[2]),
    triggers: rowsOf(triggers).map(([name, table, sql]) => ({
      name: textOf(name),
      table: textOf(table),
      sql: textOf(sql),
    })),
    schemaVersion: integerOf(versionRow?.[0]),
  }
}

/** Fails where the schema is not as it was. To be run before the push changes it. */
export function assertSchema({ schemaVersion }: PushState): SqlStatement {
  const builder = new StatementBuilder()
  return { sql: guard(`${SCHEMA_VERSION} IS ${builder.bind(schemaVersion)}`), args: builder.args }
}

/** Fails where another push was the client's last. */
export function assertLastPush(clientId: string, { pushId }: PushState): SqlStatement {
  const builder = new StatementBuilder()
  const last = `(SELECT push_id FROM tidemark_push WHERE client_id=${builder.bind(clientId)})`
  return { sql: guard(`${last} IS ${builder.bind(pushId)}`), args: builder.args }
}

/** Records the batch as applied. */
export function recordPush(header: PushHeader, rowids: readonly RowidMapping[]): SqlStatement[] {
  const change = new StatementBuilder()
  const push = new StatementBuilder()
  const client = change.bind(header.clientId)
  const lastId = change.bind(BigInt(header.lastChangeId))
  const map = rowids.length === 0 ? null : encodeRowidMap([...rowids])
  const values = [header.clientId, header.pushId, map, header.baseRevision].map((value) => push.bind(value))
  return [
    {
      sql: `INSERT INTO turso_sync_last_change_id(client_id,pull_gen,change_id) VALUES(${client},0,${lastId})
        ON CONFLICT(client_id) DO UPDATE SET pull_gen=0, change_id=excluded.change_id`,
      args: change.args,
    },
    {
      sql: `INSERT INTO tidemark_push(client_id,push_id,rowids,base_revision) VALUES(${values.join()}) ON CONFLICT(client_id)
        DO UPDATE SET push_id=excluded.push_id, rowids=excluded.rowids, base_revision=excluded.base_revision`,
      args: push.args,
    },
  ]
}

export function plain(sql: string): SqlStatement {
  return { sql, args: [] }
}

export function rowsOf({ ok, error }: StatementOutcome): readonly (readonly HranaValue[])[] {
  if (error !== undefined) throw new ProtocolError(`the server does not say what it has: ${error.message}`)
  return ok.rows
}

/** 0 where there is none. */
function integerOf(value: HranaValue | undefined): bigint {
  return value?.type === 'integer' ? (fromHranaValue(value) as bigint) : 0n
}

function textOf(value: HranaValue | undefined): string {
  return value?.type === 'text' ? value.value : ''
}

function bytesOf(value: HranaValue | undefined): Uint8Array | null {
  return value?.type === 'blob' ? (fromHranaValue(value) as Uint8Array) : null
}

function decodeRowids(bytes: Uint8Array | null): readonly RowidMapping[] {
  return bytes === null ? [] : decodeRowidMap(bytes)
}
