import fc from 'fast-check'
import { ProtocolError } from '@tidemark/protocol'
import { RoaringBitmap32, roaringLibraryInitialize, SerializationFormat } from 'roaring-wasm'
import { beforeAll, describe, expect, test } from 'vitest'
import { decodePageSelector } from './page-selector.ts'

const SIZE = 300_000

/** Single values, runs, and dense stretches, so that all three kinds of container occur. */
const selection = fc.array(
  fc.record({
    start: fc.integer({ min: 0, max: SIZE + 1000 }),
    length: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9000 })),
    step: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 12 },
)

beforeAll(async () => {
  await roaringLibraryInitialize()
})

function serialize(ids: readonly number[], isOptimized: boolean): Uint8Array {
  const bitmap = new RoaringBitmap32(ids)
  if (isOptimized) bitmap.runOptimize()
  const bytes = Uint8Array.from(bitmap.serialize(SerializationFormat.portable))
  bitmap.dispose()
  return bytes
}

describe('page selector', () => {
  test('reads what the reference implementation writes, up to the size of the database', () => {
    const property = fc.property(selection, fc.boolean(), (parts, isOptimized) => {
      const ids = new Set<number>()
      for (const { start, length, step } of parts) for (let i = 0; i < length; i++) ids.add(start + i * step)
      const pages = decodePageSelector(serialize([...ids], isOptimized), SIZE)
      const expected = [...ids].filter((id) => id < SIZE).map((id) => id + 1)
      expect(Array.from(pages)).toEqual(expected.toSorted((a, b) => a - b))
    })
    fc.assert(property, { numRuns: 60 })
  })

  test('damaged bytes are refused or give ascending pages within the database (I8)', () => {
    const damage = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }), cut: fc.nat() })
    const property = fc.property(selection, damage, ([part], { at, value, cut }) => {
      const ids = Array.from({ length: part?.length ?? 3 }, (_, index) => (part?.start ?? 0) + index)
      const bytes = serialize(ids, at % 2 === 0)
      bytes[at % bytes.length] = value
      const damaged = bytes.subarray(0, bytes.length - (cut % 3))
      let pages: Uint32Array = new Uint32Array(0)
      try {
        pages = decodePageSelector(damaged, 100)
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
      expect(pages).toEqual(Uint32Array.from(new Set(pages)).toSorted())
      expect(pages.every((page) => page >= 1 && page <= 100)).toBe(true)
    })
    fc.assert(property, { numRuns: 500 })
  })

  test('half a megabyte that selects four billion pages costs no more than the pages that there are (I8)', () => {
    const bitmap = new RoaringBitmap32()
    bitmap.addRange(0, 2 ** 32)
    bitmap.runOptimize()
    const bytes = Uint8Array.from(bitmap.serialize(SerializationFormat.portable))
    bitmap.dispose()
    expect(bytes.byteLength).toBeGreaterThan(500_000)
    const start = performance.now()
    expect(Array.from(decodePageSelector(bytes, 3))).toEqual([1, 2, 3])
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
