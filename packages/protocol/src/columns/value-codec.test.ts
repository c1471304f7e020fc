import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../errors.ts'
import { RawText, ValueDigest } from '../value.ts'
import type { SqlValue } from '../value.ts'
import { sqlValue } from '../../test/support/arbitrary-changes.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { decodeValues, encodeValues, readImageValue, writeValue } from './value-codec.ts'

const INTEGERS = [
  0n,
  1n,
  -1n,
  63n,
  64n,
  -64n,
  -65n,
  2n ** 30n - 1n,
  2n ** 30n,
  -(2n ** 30n),
  -(2n ** 30n) - 1n,
]
const LARGE_INTEGERS = [49n, 51n, 53n, 62n].flatMap((bits) => [
  2n ** bits,
  2n ** bits - 1n,
  2n ** bits + 1n,
  -(2n ** bits) - 1n,
])
const EXTREME_INTEGERS = [2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n]
const REALS = [0, -0, 1.5, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE, 5]
const SHORT_TEXTS = [
  '',
  'a',
  '\0',
  'a\0b',
  '\uFFFD',
  'é'.repeat(13),
  '😀'.repeat(11),
  'x'.repeat(42),
  '\uFEFFbom',
]
const LONG_TEXTS = ['x'.repeat(43), 'ascii then 😀 then \uFFFD', 'x'.repeat(100_000), 'ü'.repeat(50_000)]
const BLOBS = [new Uint8Array(0), new Uint8Array(1), new Uint8Array(70_000).fill(7)]
const RAW_TEXTS = [[0xff], [0xed, 0xa0, 0x80], []].map((bytes) => new RawText(Uint8Array.from(bytes)))
const EDGES: SqlValue[] = [null]
EDGES.push(
  ...INTEGERS,
  ...LARGE_INTEGERS,
  ...EXTREME_INTEGERS,
  ...REALS,
  ...SHORT_TEXTS,
  ...LONG_TEXTS,
  ...BLOBS,
  ...RAW_TEXTS,
)

describe('values', () => {
  it.each(EDGES.map((value) => [value]))('%o crosses exactly', (value) => {
    expect(decodeValues(encodeValues([value, value]), 2)).toStrictEqual([value, value])
  })

  it('any values cross exactly', () => {
    fc.assert(
      fc.property(fc.array(sqlValue), (values) => {
        expect(decodeValues(encodeValues(values), values.length)).toStrictEqual(values)
      }),
    )
  })

  it('NaN becomes NULL, as when SQLite binds it', () => {
    expect(decodeValues(encodeValues([NaN]), 1)).toEqual([null])
  })

  it('a lone surrogate becomes U+FFFD, as when better-sqlite3 binds it', () => {
    expect(decodeValues(encodeValues(['a\uD800b', `${'x'.repeat(50)}\uDC00`]), 2)).toEqual([
      'a\uFFFDb',
      `${'x'.repeat(50)}\uFFFD`,
    ])
  })

  it('digests cross', () => {
    const writer = new ByteWriter()
    const digests = [
      new ValueDigest('text', new Uint8Array(16).fill(1)),
      new ValueDigest('blob', new Uint8Array(16)),
    ]
    for (const digest of digests) writeValue(writer, digest)
    const reader = new ByteReader(writer.bytes())
    expect([readImageValue(reader), readImageValue(reader)]).toStrictEqual(digests)
    expect(() => decodeValues(writer.bytes(), 2)).toThrow(ProtocolError)
  })

  it('integers beyond 64 bits are not encoded', () => {
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n])
      expect(() => encodeValues([value])).toThrow(ProtocolError)
  })

  it.each([
    ['an unknown tag', '08'],
    ['an integer above 64 bits', '01ffffffffffffffffff02'],
    ['an integer that does not end', '01ffffffffffffffffffff'],
    ['a cut REAL', '02000000000000f0'],
    ['NaN', '02000000000000f87f'],
    ['malformed UTF-8', '0301ff'],
    ['malformed UTF-8 in a long text', `0320${'61'.repeat(31)}ff`],
    ['a text longer than its bytes', '030561'],
    ['a length of 2^53', '03ffffffffffffff1f'],
    ['a length of more than eight bytes', '04ffffffffffffffffff01'],
    ['more values than asked for', '000000'],
  ])('%s is refused', (_, hex) => {
    expect(() => decodeValues(Buffer.from(hex, 'hex'), 2)).toThrow(ProtocolError)
  })
})
