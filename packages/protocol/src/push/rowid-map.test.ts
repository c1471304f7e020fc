import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tidemark } from '#messages'
import { LimitError, ProtocolError } from '../errors.ts'
import { encodeMessage } from '../messages/encode-message.ts'
import { decodeRowidMap, encodeRowidMap } from './rowid-map.ts'
import type { RowidMapping } from './rowid-map.ts'

/** Plain objects, as decoders give them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true })

const rowid = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const mapping = record({ table: fc.constantFrom('a', 'b', ''), local: rowid, remote: rowid })

describe('a rowid map', () => {
  it('crosses exactly, grouped by table', () => {
    fc.assert(
      fc.property(fc.array(mapping), (mappings) => {
        const grouped = Object.values(Object.groupBy(mappings, (one) => `_${one.table}`)).flat()
        expect(decodeRowidMap(encodeRowidMap(mappings))).toStrictEqual(grouped)
      }),
    )
  })

  it('stores consecutive rowids as one range', () => {
    const mappings = Array.from({ length: 100_000 }, (_, i): RowidMapping => ({
      table: 'log',
      local: BigInt(i) - 5n,
      remote: 2n ** 62n + BigInt(i),
    }))
    const bytes = encodeRowidMap(mappings)
    expect(bytes.byteLength).toBeLessThan(40)
    expect(decodeRowidMap(bytes)).toStrictEqual(mappings)
  })

  it('of nothing is no bytes', () => {
    expect(encodeRowidMap([])).toHaveLength(0)
    expect(decodeRowidMap(new Uint8Array(0))).toEqual([])
  })

  it('wraps at the ends of the 64-bit range', () => {
    const ends = [
      { table: 't', local: 2n ** 63n - 1n, remote: -(2n ** 63n) },
      { table: 't', local: -(2n ** 63n), remote: 2n ** 63n - 1n },
    ]
    expect(decodeRowidMap(encodeRowidMap(ends))).toStrictEqual(ends)
  })

  const decode =
    (...ranges: number[]) =>
    () =>
      decodeRowidMap(
        encodeMessage(tidemark.RowidMap, { tables: [{ table: 't', ranges: Uint8Array.from(ranges) }] }),
      )

  it('with an empty or a cut range is refused', () => {
    expect(decode(0, 0, 0)).toThrow(ProtocolError)
    expect(decode(1, 0)).toThrow(ProtocolError)
  })

  it('with a huge count is refused before memory is taken (I7)', () => {
    expect(decode(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0)).toThrow(LimitError)
  })

  it('with a rowid beyond 64 bits is not encoded', () => {
    expect(() => encodeRowidMap([{ table: 't', local: 2n ** 63n, remote: 0n }])).toThrow(ProtocolError)
  })
})
