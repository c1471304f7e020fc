import { createHash } from 'node:crypto'
import type { Change, TableShape } from '../../src/change.ts'
import { decodeValues, encodeValues } from '../../src/columns/value-codec.ts'
import {
  decodePageHashesRequest,
  decodePageHashesResponse,
  encodePageHashesRequest,
  encodePageHashesResponse,
} from '../../src/hashes/page-hashes.ts'
import { PullEncoder } from '../../src/pull/pull-encoder.ts'
import type { PullEvent } from '../../src/pull/pull-decoder.ts'
import { decodePullRequest, encodePullRequest } from '../../src/pull/pull-request.ts'
import { decodePushResponse, encodePushResponse } from '../../src/push/push-response.ts'
import type { PushResponse } from '../../src/push/push-response.ts'
import { decodeRowidMap, encodeRowidMap } from '../../src/push/rowid-map.ts'
import { RawText, ValueDigest } from '../../src/value.ts'
import type { SqlValue } from '../../src/value.ts'
import { compress, decompress } from '../../src/zstd/zstd.ts'
import { decodePull, decodePush, encodePush, pushHeaderFor } from './streams.ts'

/** Bytes that must mean the same for ever, in `test/golden/<name>.bin`; what they mean is in `<name>.json`. */
export interface GoldenVector {
  readonly name: string
  readonly encode: () => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
  /** Compressed bytes may differ between versions of zstd; then only decoding is held to the file. */
  readonly compressed: boolean
}

const VALUES: readonly SqlValue[] = [
  null,
  0n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  0,
  -0,
  1.5,
  Infinity,
  -Infinity,
  '',
  'text',
  'nul \0 inside',
  'ünïcödé 😀',
  new Uint8Array(0),
  Uint8Array.of(0, 255),
  new RawText(Uint8Array.of(0xc3, 0x28)),
]

const NOTE: TableShape = { name: 'note', columns: ['id', 'body', 'score'], key: [0] }
const LOG: TableShape = { name: 'log "quoted"', columns: ['at', 'what'], key: [] }

const CHANGES: readonly Change[] = [
  { kind: 'schema', changeId: 4, sql: 'CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT, score REAL)' },
  ...[1n, 2n, 3n].map((id, i): Change => ({
    kind: 'insert',
    changeId: 5 + i,
    table: NOTE,
    rowid: id,
    key: [],
    columns: [0, 1, 2],
    values: [id, `note ${id}`, i / 2],
    expectedColumns: [],
    expected: [],
  })),
  {
    kind: 'update',
    changeId: 300,
    table: NOTE,
    rowid: 2n,
    key: [2n],
    columns: [1],
    values: [null],
    expectedColumns: [1],
    expected: [new ValueDigest('text', new Uint8Array(16).fill(0xab))],
  },
  {
    kind: 'delete',
    changeId: 301,
    table: NOTE,
    rowid: 3n,
    key: [3n],
    columns: [],
    values: [],
    expectedColumns: [0, 1, 2],
    expected: [3n, 'note 3', 1],
  },
  ...[-5n, 2n ** 62n].map((rowid, i): Change => ({
    kind: 'insert',
    changeId: 302 + i,
    table: LOG,
    rowid,
    key: [],
    columns: [0, 1],
    values: [1_700_000_000_000n + rowid, Uint8Array.of(1, 2, 3)],
    expectedColumns: [],
    expected: [],
  })),
]

const OLD_IMAGES = [1, 2].map((byte) => new Uint8Array(4096).map((_, i) => (i * byte * 31) % 251))
const oldImage = (pageNumber: number): Uint8Array | null => OLD_IMAGES[pageNumber - 1] ?? null

/** Without the checksum, which is not in the stream but computed. */
function contentOf(event: PullEvent): unknown {
  if (event.type !== 'page') return event
  const { type, pageNumber, image } = event
  return { type, pageNumber, image }
}

function pull(dialect: 'turso' | 'tidemark'): Uint8Array {
  const encoder = new PullEncoder(dialect)
  const edited = OLD_IMAGES[0]!.with(1000, 9)
  return Buffer.concat([
    encoder.header({ revision: 'f3a1.42', sizeInPages: 3 }),
    encoder.pages([
      { pageNumber: 1, image: edited, oldImage: oldImage(1) },
      { pageNumber: 3, image: new Uint8Array(4096).fill(7), oldImage: null },
    ]),
    encoder.pages([{ pageNumber: 2, image: new Uint8Array(4096), oldImage: null }]),
    encoder.end(),
  ])
}

const RESPONSES: readonly PushResponse[] = [
  {
    type: 'ok',
    revision: 'f3a1.43',
    lastChangeId: 303,
    overwritten: [
      {
        changeId: 300,
        table: 'note',
        key: [2n],
        kind: 'update/update',
        remote: { id: 2n, body: 'theirs', score: 0.5 },
      },
    ],
    overwrittenCount: 1,
    rowids: [{ table: 'log "quoted"', local: -5n, remote: 88n }],
  },
  {
    type: 'conflict',
    rows: [
      { changeId: 300, table: 'note', key: [2n], kind: 'update/delete', remote: null },
      {
        changeId: 301,
        table: 'note',
        key: [3n],
        kind: 'delete/update',
        remote: { id: 3n, body: null, score: -0 },
      },
    ],
    rowCount: 2,
  },
  {
    type: 'rejected',
    changeId: 5,
    table: 'note',
    key: [1n],
    sqliteCode: 'SQLITE_CONSTRAINT_CHECK',
    message: 'CHECK constraint failed',
  },
  { type: 'checkpoint-needed', maxWalPages: 1000 },
  { type: 'busy', retryAfterMs: 250 },
  { type: 'forked' },
  {
    type: 'already-applied',
    revision: 'f3a1.43',
    lastChangeId: 303,
    overwritten: [{ changeId: 302, table: 'note', key: [4n], kind: 'insert/insert', remote: { id: 4n } }],
    overwrittenCount: 3,
    rowids: [],
  },
]

const PULL_REQUEST = {
  encoding: 'zstd',
  serverRevision: '',
  clientRevision: 'f3a1.41',
  longPollTimeoutMs: 30_000,
  pageSelector: Uint8Array.of(0x3a, 0x30, 0, 0, 0, 0, 0, 0),
  serverQuery: null,
} as const

const MAPPINGS = [1n, 2n, 3n, 9n].map((local) => ({ table: 'log', local, remote: local + 100n }))
const REPETITIVE = Buffer.alloc(20_000, 'tidemark ')

export const GOLDEN_VECTORS: readonly GoldenVector[] = [
  vector(
    'values',
    () => encodeValues(VALUES),
    (bytes) => decodeValues(bytes, 100),
  ),
  vector('pull-request', () => encodePullRequest(PULL_REQUEST), decodePullRequest),
  vector(
    'pull-turso',
    () => pull('turso'),
    (bytes) => decodePull(bytes).map(contentOf),
  ),
  vector(
    'pull-tidemark',
    () => pull('tidemark'),
    (bytes) => decodePull(bytes, { oldImage }).map(contentOf),
    true,
  ),
  vector(
    'push',
    () => Buffer.concat(encodePush(CHANGES, pushHeaderFor(CHANGES))),
    (bytes) => decodePush(bytes),
    true,
  ),
  ...RESPONSES.map((response) =>
    vector(`push-response-${response.type}`, () => encodePushResponse(response), decodePushResponse),
  ),
  vector('rowid-map', () => encodeRowidMap(MAPPINGS), decodeRowidMap),
  vector(
    'page-hashes-request',
    () => encodePageHashesRequest({ revision: 'f3a1.42', firstPage: 129, pageCount: 64 }),
    decodePageHashesRequest,
  ),
  vector(
    'page-hashes-response',
    () =>
      encodePageHashesResponse({
        revision: 'f3a1.42',
        sizeInPages: 130,
        hashes: Uint8Array.from({ length: 16 }, (_, i) => i),
      }),
    decodePageHashesResponse,
  ),
  vector(
    'zstd',
    () => compress(REPETITIVE),
    (bytes) => decompress(bytes, { maxBytes: 20_000 }),
    true,
  ),
  vector(
    'zstd-dictionary',
    () => compress(OLD_IMAGES[0]!.with(7, 7), { dictionary: OLD_IMAGES[0]! }),
    (bytes) => decompress(bytes, { maxBytes: 4096, dictionary: OLD_IMAGES[0]! }),
    true,
  ),
]

function vector(
  name: string,
  encode: () => Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  compressed = false,
): GoldenVector {
  return { name, encode, decode, compressed }
}

/** Decoded content as plain JSON that loses nothing; bytes above 64 are shown by length and SHA-256. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return { integer: value.toString() }
  if (typeof value === 'number') return describeNumber(value)
  if (value instanceof RawText) return { rawText: toJson(value.bytes) }
  if (value instanceof ValueDigest) return { digest: toJson(value.digest), of: value.type }
  if (value instanceof Uint8Array) return describeBytes(value)
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, toJson(field)]))
  }
  return value
}

function describeNumber(value: number): unknown {
  if (Object.is(value, -0)) return { real: '-0' }
  return Number.isFinite(value) ? value : { real: String(value) }
}

function describeBytes(bytes: Uint8Array): unknown {
  if (bytes.byteLength <= 64) return { hex: Buffer.from(bytes).toString('hex') }
  return { length: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
}
