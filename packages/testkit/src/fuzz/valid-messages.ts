/** Messages as honest peers send them: what fuzzing starts from. */
import {
  compress,
  encodeDelimited,
  encodePageHashesRequest,
  encodePageHashesResponse,
  encodePullRequest,
  encodePushResponse,
  encodeRowidMap,
  initProtocol,
  PAGE_SIZE,
  PullEncoder,
  PushedRows,
  PushEncoder,
  RawText,
  ValueDigest,
} from '@tidemark/protocol'
import type { Change, PullRequest, PushHeader, SqlValue, TableShape } from '@tidemark/protocol'

await initProtocol()

export const NOTE: TableShape = { name: 'note', columns: ['id', 'body', 'size'], key: [0] }
const LOG: TableShape = { name: 'log', columns: ['at', 'what'], key: [] }

/** The schema that {@link CHANGES} are for. */
export const NOTE_SCHEMA =
  'CREATE TABLE note (id INTEGER PRIMARY KEY, body, size); CREATE TABLE log (at, what)'

export const OLD_IMAGE: Uint8Array = new Uint8Array(PAGE_SIZE).map((_, i) => (i * 31) % 251)

function insert(changeId: number, table: TableShape, rowid: bigint, values: readonly SqlValue[]): Change {
  const columns = table.columns.map((_, i) => i)
  return {
    kind: 'insert',
    changeId,
    table,
    rowid,
    key: [],
    columns,
    values,
    expectedColumns: [],
    expected: [],
  }
}

export const CHANGES: readonly Change[] = [
  ...[1n, 2n, 3n].map((id, i) => insert(i + 1, NOTE, id, [id, `note ${id}`, i / 2])),
  insert(4, NOTE, 4n, [4n, new RawText(Uint8Array.of(255, 0)), Uint8Array.of(1, 2)]),
  ...[1n, -9n].map((rowid, i) => insert(5 + i, LOG, rowid, [2n ** 62n, 'x'.repeat(5000)])),
  {
    kind: 'update',
    changeId: 7,
    table: NOTE,
    rowid: 2n,
    key: [2n],
    columns: [1],
    values: [null],
    expectedColumns: [1],
    expected: [new ValueDigest('text', new Uint8Array(16))],
  },
  {
    kind: 'delete',
    changeId: 9,
    table: NOTE,
    rowid: 3n,
    key: [3n],
    columns: [],
    values: [],
    expectedColumns: [0, 1, 2],
    expected: [3n, 'note 3', 1],
  },
  { kind: 'schema', changeId: 10, sql: 'CREATE TABLE IF NOT EXISTS later (x)' },
]

export const PUSHED: PushedRows = PushedRows.from(CHANGES)!

export function pushHeader(changes: readonly Change[], header: Partial<PushHeader> = {}): PushHeader {
  return {
    clientId: 'fuzzer',
    pushId: new Uint8Array(16).fill(1),
    previousPushId: new Uint8Array(0),
    baseRevision: '',
    firstChangeId: changes[0]?.changeId ?? 1,
    lastChangeId: changes.at(-1)?.changeId ?? 1,
    walPages: 1,
    conflictPolicy: 'last-push-wins',
    enforceForeignKeys: true,
    ...header,
  }
}

export function push(changes: readonly Change[] = CHANGES, header: Partial<PushHeader> = {}): Buffer {
  const encoder = new PushEncoder()
  const parts = [encoder.header(pushHeader(changes, header))]
  for (const change of changes) parts.push(encoder.change(change) ?? new Uint8Array(0))
  return Buffer.concat([...parts, ...encoder.end()])
}

export function pullStream(dialect: 'turso' | 'tidemark', pushed: PushedRows | null = null): Buffer {
  const encoder = new PullEncoder(dialect, pushed)
  const cell = PUSHED.part({ row: 4, part: 1 })!
  const overflow = new Uint8Array(PAGE_SIZE)
  overflow.set(cell, 4)
  const images = [OLD_IMAGE.with(100, 7), new Uint8Array(PAGE_SIZE).fill(9), overflow]
  const pages = images.map((image, i) => ({ pageNumber: i + 1, image, oldImage: i === 0 ? OLD_IMAGE : null }))
  const header = encoder.header({ revision: '0123456789abcdef.7', sizeInPages: 9 })
  return Buffer.concat([header, encoder.pages(pages), encoder.end()])
}

export function pullRequest(request: Partial<PullRequest> = {}): Uint8Array {
  return encodePullRequest({
    encoding: 'zstd',
    serverRevision: '',
    clientRevision: '',
    longPollTimeoutMs: 0,
    pageSelector: null,
    serverQuery: null,
    ...request,
  })
}

/** Pages 1 to 10 as a Roaring bitmap. */
export const SELECTOR: Uint8Array = Uint8Array.from(
  Buffer.concat([
    Buffer.from('3a30000001000000', 'hex'),
    Buffer.from('0000090010000000', 'hex'),
    Buffer.from(Uint16Array.from({ length: 10 }, (_, i) => i).buffer),
  ]),
)

export const PULL_REQUESTS: readonly Uint8Array[] = [
  pullRequest(),
  pullRequest({ encoding: 'raw', pageSelector: SELECTOR }),
  pullRequest({ encoding: 'raw', serverQuery: 'SELECT * FROM note WHERE id < 100' }),
  pullRequest({
    clientRevision: '0123456789abcdef.1',
    longPollTimeoutMs: 1,
    echo: { clientId: 'fuzzer', firstChangeId: 1, lastChangeId: 10, digest: PUSHED.digest() },
  }),
]

export const PUSH_RESPONSES: readonly Uint8Array[] = [
  encodePushResponse({
    type: 'ok',
    revision: 'r',
    lastChangeId: 8,
    overwritten: [
      { changeId: 1, table: 't', key: [1n, null], kind: 'update/update', remote: { a: 1.5, b: 'x' } },
    ],
    overwrittenCount: 1,
    rowids: [{ table: 't', local: 1n, remote: 300n }],
  }),
  encodePushResponse({ type: 'conflict', rows: [], rowCount: 2 }),
  encodePushResponse({
    type: 'rejected',
    changeId: 3,
    table: 't',
    key: ['k'],
    sqliteCode: 'SQLITE_ERROR',
    message: 'no',
  }),
  encodePushResponse({ type: 'busy', retryAfterMs: 5 }),
]

export const ROWID_MAP: Uint8Array = encodeRowidMap(
  [1n, 2n, 9n].map((local) => ({ table: 'a', local, remote: local * -7n })),
)
export const HASHES_REQUEST: Uint8Array = encodePageHashesRequest({
  revision: 'r',
  firstPage: 1,
  pageCount: 20,
})
export const HASHES: Uint8Array = encodePageHashesResponse({
  revision: 'r',
  sizeInPages: 3,
  hashes: new Uint8Array(24),
})

/** Small and large, with and without a dictionary, since these take different ways. */
export const FRAMES: readonly Uint8Array[] = [
  compress(OLD_IMAGE),
  compress(new Uint8Array(500_000)),
  compress(OLD_IMAGE.with(7, 7), { dictionary: OLD_IMAGE }),
]

export const DELIMITED: Uint8Array = Buffer.concat([
  encodeDelimited(OLD_IMAGE),
  encodeDelimited(Uint8Array.of(1)),
])

export const SERVER_INFO = {
  tidemark: 1,
  version: '0.1.0',
  database: 'notes',
  features: ['pull-deltas'],
  limits: { max_push_bytes: 1, max_wal_pages: 2 },
}
