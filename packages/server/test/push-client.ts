import { decodePushResponse, PushEncoder } from '@tidemark/protocol'
import type { Change, PushHeader, PushResponse, SqlValue, TableShape } from '@tidemark/protocol'

export const ITEMS: TableShape = { name: 'item', columns: ['id', 'body'], key: [0] }
export const CREATE_ITEMS = 'CREATE TABLE item (id INTEGER PRIMARY KEY, body)'

export function insertItem(changeId: number, id: number, body: SqlValue, table: TableShape = ITEMS): Change {
  return {
    kind: 'insert',
    changeId,
    table,
    rowid: BigInt(id),
    key: [],
    columns: [0, 1],
    values: [BigInt(id), body],
    expectedColumns: [],
    expected: [],
  }
}

export function schemaChange(changeId: number, sql: string): Change {
  return { kind: 'schema', changeId, sql }
}

/** A number as a push id. */
export function pushId(number: number): Uint8Array {
  const id = Buffer.alloc(16)
  id.writeUInt32BE(number, 12)
  return id
}

export function encodePush(header: Partial<PushHeader>, changes: readonly Change[]): Buffer {
  const encoder = new PushEncoder()
  const parts: Uint8Array[] = []
  parts.push(
    encoder.header({
      clientId: 'client',
      pushId: pushId(1),
      previousPushId: new Uint8Array(0),
      baseRevision: '',
      firstChangeId: changes[0]?.changeId ?? 1,
      lastChangeId: changes.at(-1)?.changeId ?? 1,
      walPages: 0,
      conflictPolicy: 'last-push-wins',
      enforceForeignKeys: false,
      ...header,
    }),
  )
  for (const change of changes) {
    const block = encoder.change(change)
    if (block !== null) parts.push(block)
  }
  return Buffer.concat([...parts, ...encoder.end()])
}

export async function postPush(
  database: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${database}/push-changes`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': 'application/protobuf', ...headers },
  })
}

export async function push(
  database: string,
  header: Partial<PushHeader>,
  changes: readonly Change[],
): Promise<PushResponse> {
  const response = await postPush(database, encodePush(header, changes))
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${response.status} ${Buffer.from(bytes).toString()}`)
  return decodePushResponse(bytes)
}
