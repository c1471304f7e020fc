import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { LimitError, ProtocolError } from '../src/errors.ts'
import { ByteWriter } from '../src/columns/byte-writer.ts'
import { decodeValues, encodeValues } from '../src/columns/value-codec.ts'
import {
  decodePageHashesRequest,
  decodePageHashesResponse,
  encodePageHashesRequest,
  encodePageHashesResponse,
} from '../src/hashes/page-hashes.ts'
import { PullEncoder } from '../src/pull/pull-encoder.ts'
import { decodePullRequest, encodePullRequest } from '../src/pull/pull-request.ts'
import { decodeChangeRun } from '../src/push/change-run-decoder.ts'
import { encodeChangeRun } from '../src/push/change-run-encoder.ts'
import { decodePushResponse, encodePushResponse } from '../src/push/push-response.ts'
import { decodeRowidMap, encodeRowidMap } from '../src/push/rowid-map.ts'
import { decodeTableShape } from '../src/push/table-shape.ts'
import { initProtocol } from '../src/zstd/zstd.ts'
import { tidemark } from '#messages'
import { encodeMessage } from '../src/messages/encode-message.ts'
import type { RowChange, TableShape } from '../src/change.ts'
import { RawText, ValueDigest } from '../src/value.ts'
import { decodePull, decodePush, encodePush, pushHeaderFor } from './support/streams.ts'

const TABLE: TableShape = { name: 'note', columns: ['id', 'body', 'size'], key: [0] }
const ROWS = Array.from({ length: 8 }, (_, i): RowChange => ({
  kind: 'update',
  changeId: i + 1,
  table: TABLE,
  rowid: BigInt(i * 3),
  key: [BigInt(i)],
  columns: [1, 2],
  values: [i % 2 === 0 ? `text ${i}` : new RawText(Uint8Array.of(255)), i / 3],
  expectedColumns: [1, 2],
  expected: [new ValueDigest('text', new Uint8Array(16)), null],
}))
const OLD_IMAGE = new Uint8Array(Buffer.alloc(4096, 'old'))
const oldImage = (): Uint8Array => OLD_IMAGE

function pull(dialect: 'turso' | 'tidemark'): Uint8Array {
  const encoder = new PullEncoder(dialect)
  const image = OLD_IMAGE.with(100, 7)
  const pages = [1, 2].map((pageNumber) => ({
    pageNumber,
    image,
    oldImage: pageNumber === 1 ? OLD_IMAGE : null,
  }))
  return Buffer.concat([
    encoder.header({ revision: 'r', sizeInPages: 9 }),
    encoder.pages(pages),
    encoder.end(),
  ])
}

function changeRun(): Uint8Array {
  const cells = new ByteWriter()
  const message = encodeChangeRun(ROWS, 0, 0, cells)
  return encodeMessage(tidemark.ChangeRun, { ...message, cells: cells.bytes() })
}

interface Decoder {
  readonly name: string
  readonly valid: () => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

const DECODERS: readonly Decoder[] = [
  {
    name: 'a pull of the Turso dialect',
    valid: () => pull('turso'),
    decode: (bytes) => decodePull(bytes, { oldImage }, 1000),
  },
  {
    name: 'a pull of the Tidemark dialect',
    valid: () => pull('tidemark'),
    decode: (bytes) => decodePull(bytes, { oldImage }),
  },
  {
    name: 'a pull request',
    valid: () =>
      encodePullRequest({
        encoding: 'zstd',
        serverRevision: 'a',
        clientRevision: 'b',
        longPollTimeoutMs: 1000,
        pageSelector: Uint8Array.of(1, 2, 3),
        serverQuery: 'SELECT 1',
      }),
    decode: decodePullRequest,
  },
  {
    name: 'a push',
    valid: () => Buffer.concat(encodePush(ROWS, pushHeaderFor(ROWS))),
    decode: (bytes) => decodePush(bytes, Math.max(1, bytes.length)),
  },
  { name: 'a run of changes', valid: changeRun, decode: (bytes) => decodeChangeRun(bytes, [TABLE], 0) },
  {
    name: 'a table shape',
    valid: () => encodeMessage(tidemark.TableShape, { name: 'note', columns: ['a', 'b'], key: [1, 0] }),
    decode: decodeTableShape,
  },
  {
    name: 'a push response with rows',
    valid: () =>
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
    decode: decodePushResponse,
  },
  {
    name: 'a rejection',
    valid: () =>
      encodePushResponse({
        type: 'rejected',
        changeId: 3,
        table: 't',
        key: ['k'],
        sqliteCode: 'SQLITE_CONSTRAINT',
        message: 'no',
      }),
    decode: decodePushResponse,
  },
  {
    name: 'a rowid map',
    valid: () =>
      encodeRowidMap([
        { table: 'a', local: 5n, remote: -700n },
        { table: 'b', local: 1n, remote: 2n },
      ]),
    decode: decodeRowidMap,
  },
  {
    name: 'values',
    valid: () => encodeValues([null, -5n, 2n ** 62n, 'text', Uint8Array.of(1), 2.5]),
    decode: (bytes) => decodeValues(bytes, 100),
  },
  {
    name: 'a request for page hashes',
    valid: () => encodePageHashesRequest({ revision: 'r', firstPage: 300, pageCount: 20 }),
    decode: decodePageHashesRequest,
  },
  {
    name: 'page hashes',
    valid: () => encodePageHashesResponse({ revision: 'r', sizeInPages: 3, hashes: new Uint8Array(24) }),
    decode: decodePageHashesResponse,
  },
]

function expectTypedOutcome(decoder: Decoder, bytes: Uint8Array): void {
  try {
    decoder.decode(bytes)
  } catch (error) {
    if (!(error instanceof ProtocolError || error instanceof LimitError)) throw error
  }
}

beforeAll(async () => initProtocol())

describe.each(DECODERS)('the decoder of $name', (decoder) => {
  it('takes the valid input', () => {
    expect(() => decoder.decode(decoder.valid())).not.toThrow()
  })

  it('answers input cut at every byte with a typed error or a shorter message (I8)', () => {
    const valid = decoder.valid()
    const step = valid.length > 3000 ? 7 : 1
    for (let length = 0; length < valid.length; length += step)
      expectTypedOutcome(decoder, valid.subarray(0, length))
  })

  it('answers every flipped bit with a typed error or another message (I8)', () => {
    const valid = decoder.valid()
    const step = valid.length > 3000 ? 41 : 1
    for (let bit = 0; bit < valid.length * 8; bit += step) {
      const damaged = valid.slice()
      damaged[bit >>> 3]! ^= 1 << (bit & 7)
      expectTypedOutcome(decoder, damaged)
    }
  })

  it('answers random bytes with a typed error or a message (I8)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expectTypedOutcome(decoder, bytes)
      }),
      { numRuns: 1000 },
    )
  })

  it('answers spliced, repeated and overwritten parts with a typed error or a message (I8)', () => {
    const valid = decoder.valid()
    const edit = fc.record({
      at: fc.nat(valid.length),
      remove: fc.nat(8),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 12 }),
        fc.constant(new Uint8Array(9).fill(255)),
        fc.constant(valid),
      ),
    })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let bytes: Uint8Array = valid
        for (const { at, remove, insert } of edits) {
          bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])
        }
        expectTypedOutcome(decoder, bytes)
      }),
      { numRuns: 500 },
    )
  })
})

describe('sealed streams', () => {
  it.each([
    [
      'push',
      (): Uint8Array => Buffer.concat(encodePush(ROWS, pushHeaderFor(ROWS))),
      (bytes: Uint8Array) => decodePush(bytes),
    ],
    ['pull', () => pull('tidemark'), (bytes: Uint8Array) => decodePull(bytes, { oldImage })],
  ])('a %s with any one bit flipped is refused or means the same (I8)', (_, valid, decode) => {
    const original = JSON.stringify(decode(valid()), (__, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    )
    const body = valid()
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const damaged = body.slice()
      damaged[bit >>> 3]! ^= 1 << (bit & 7)
      let outcome: string
      try {
        outcome = JSON.stringify(decode(damaged), (__, value: unknown) =>
          typeof value === 'bigint' ? `${value}n` : value,
        )
      } catch {
        continue
      }
      expect(outcome).toBe(original)
    }
  })
})
