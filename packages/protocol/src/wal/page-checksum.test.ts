import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Seal } from '../framing/seal.ts'
import { continueOverPage, pageChecksums } from './page-checksum.ts'
import { WAL_CHECKSUM_SEED, walChecksum } from './wal-checksum.ts'
import type { WalChecksum } from './wal-checksum.ts'
import { PAGE_SIZE } from './wal-format.ts'

const word = fc.integer({ min: 0, max: 0xffff_ffff })
const pages = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0xffff_ffff), word), { minLength: 1, maxLength: 3 })
  .map((words) => {
    const images = new Uint32Array((words.length * PAGE_SIZE) / 4)
    for (const [i] of images.entries()) images[i] = Math.imul(words[i >>> 10]!, i + 1)
    return new Uint8Array(images.buffer)
  })

function withOffset(bytes: Uint8Array, offset: number): Uint8Array {
  const shifted = new Uint8Array(bytes.byteLength + offset)
  shifted.set(bytes, offset)
  return shifted.subarray(offset)
}

describe('the checksums of pages by themselves', () => {
  it('continue any checksum to the one over all bytes, wherever they lie in memory', () => {
    fc.assert(
      fc.property(pages, fc.tuple(word, word), fc.nat(5), (images, seed, offset) => {
        const state = Uint32Array.from(seed)
        for (const checksum of pageChecksums(withOffset(images, offset))) continueOverPage(state, checksum)
        expect([...state]).toEqual(walChecksum(images, seed as WalChecksum, false))
      }),
    )
  })

  it('are those from seed 0', () => {
    const images = Uint8Array.from({ length: 2 * PAGE_SIZE }, (_, i) => (i * 31) ^ (i >>> 5))
    expect(pageChecksums(images)).toEqual(
      [images.subarray(0, PAGE_SIZE), images.subarray(PAGE_SIZE)].map((image) =>
        walChecksum(image, WAL_CHECKSUM_SEED, false),
      ),
    )
  })
})

describe('a seal', () => {
  it('is the same over a page and its checksum, over an integer and its bytes', () => {
    fc.assert(
      fc.property(pages, fc.maxSafeNat(), (images, integer) => {
        const bytes = new Uint8Array(8)
        new DataView(bytes.buffer).setBigUint64(0, BigInt(integer), true)
        const expected = new Seal().add(bytes).add(images).add(bytes).bytes()
        const seal = new Seal().addInteger(integer)
        for (const checksum of pageChecksums(images)) seal.addPage(checksum)
        expect(seal.addInteger(integer).bytes()).toEqual(expected)
      }),
    )
  })
})
