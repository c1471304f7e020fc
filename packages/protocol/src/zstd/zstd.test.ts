import { randomFillSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type * as Zstd from '@bokuweb/zstd-wasm'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { LimitError, ProtocolError, TidemarkError } from '../errors.ts'
import { compress, decompress, initProtocol } from './zstd.ts'

const MAGIC_DICTIONARY = Uint8Array.from({ length: 4096 }, (_, i) => [0x37, 0xa4, 0x30, 0xec][i] ?? i % 251)
const SIZES = [0, 1, 255, 256, 4096, 4097, 65_535, 65_792, 1_048_576, 3_000_000]

function sample(size: number): Uint8Array {
  const bytes = Buffer.alloc(size, 'the quick brown fox ')
  randomFillSync(bytes, 0, Math.min(size, 100))
  return new Uint8Array(bytes)
}

describe('zstd', () => {
  beforeAll(async () => initProtocol())

  it.each(SIZES)('gives back %i bytes, with and without a dictionary', (size) => {
    const raw = sample(size)
    const dictionary = Buffer.from(raw.toReversed())
    const plain = compress(raw)
    const delta = compress(raw, { dictionary })
    expect(Buffer.compare(decompress(plain, { maxBytes: size }), raw)).toBe(0)
    expect(Buffer.compare(decompress(delta, { maxBytes: size, dictionary }), raw)).toBe(0)
  })

  it.each(SIZES.slice(1))('interoperates with node:zlib at %i bytes', (size) => {
    const raw = sample(size)
    const dictionary = Buffer.from(sample(5000))
    expect(Buffer.compare(zstdDecompressSync(compress(raw)), raw)).toBe(0)
    expect(Buffer.compare(zstdDecompressSync(compress(raw, { dictionary }), { dictionary }), raw)).toBe(0)
    const theirs = zstdCompressSync(raw, { pledgedSrcSize: size })
    const theirDelta = zstdCompressSync(raw, { pledgedSrcSize: size, dictionary })
    expect(Buffer.compare(decompress(theirs, { maxBytes: size }), raw)).toBe(0)
    expect(Buffer.compare(decompress(theirDelta, { maxBytes: size, dictionary }), raw)).toBe(0)
  })

  it('does without a dictionary that zstd would take for a trained one', () => {
    const raw = MAGIC_DICTIONARY.slice()
    const bytes = compress(raw, { dictionary: MAGIC_DICTIONARY })
    expect(Buffer.compare(decompress(bytes, { maxBytes: 4096, dictionary: MAGIC_DICTIONARY }), raw)).toBe(0)
    expect(Buffer.compare(decompress(bytes, { maxBytes: 4096 }), raw)).toBe(0)
  })

  it('refuses a bomb by its declared size, taking no memory for it', () => {
    const bomb = zstdCompressSync(Buffer.alloc(400_000_000), { pledgedSrcSize: 400_000_000 })
    const before = process.memoryUsage().rss
    expect(() => decompress(bomb, { maxBytes: 100_000_000 })).toThrow(LimitError)
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
  })

  it('refuses a bomb that declares less than it holds', () => {
    const bomb = Buffer.from(zstdCompressSync(Buffer.alloc(200_000), { pledgedSrcSize: 200_000 }))
    bomb.writeUInt32LE(100_000, 5)
    expect(() => decompress(bomb, { maxBytes: 100_000 })).toThrow(ProtocolError)
    const small = Buffer.from(zstdCompressSync(Buffer.alloc(4000), { pledgedSrcSize: 4000 }))
    small.writeUInt16LE(1000 - 256, 5)
    expect(() => decompress(small, { maxBytes: 1000 })).toThrow(ProtocolError)
  })

  it('refuses a frame that declares more than it holds', () => {
    const frame = Buffer.from(zstdCompressSync(Buffer.alloc(200_000), { pledgedSrcSize: 200_000 }))
    frame.writeUInt32LE(300_000, 5)
    expect(() => decompress(frame, { maxBytes: 300_000 })).toThrow(ProtocolError)
  })

  it('never decodes what lies behind the first frame', () => {
    const small = zstdCompressSync(Buffer.alloc(2000), { pledgedSrcSize: 2000 })
    expect(() => decompress(Buffer.concat([small, small]), { maxBytes: 10_000 })).toThrow(ProtocolError)
    const large = zstdCompressSync(Buffer.alloc(20_000), { pledgedSrcSize: 20_000 })
    expect(decompress(Buffer.concat([large, large]), { maxBytes: 100_000 }).byteLength).toBe(20_000)
  })

  it('refuses a frame that does not declare its size', () => {
    const frame = zstdCompressSync(Buffer.from('hello'), { params: {} })
    const undeclared = Buffer.concat([frame.subarray(0, 4), Buffer.from([0x00, 0x58]), frame.subarray(6)])
    expect(() => decompress(undeclared, { maxBytes: 1000 })).toThrow('content size')
  })

  it.each([[''], ['28b52ffd'], ['28b52ffd2805'], ['00000000000000000000']])('refuses %s', (hex) => {
    expect(() => decompress(Buffer.from(hex, 'hex'), { maxBytes: 1000 })).toThrow(ProtocolError)
  })

  it('decodes damaged frames to an error or to as many bytes as declared', () => {
    const raw = sample(6000)
    const dictionary = sample(6000)
    const frames = [compress(raw.subarray(0, 3000)), compress(raw), compress(raw, { dictionary })]
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.nat(), fc.nat(7), fc.boolean(), (frame, at, bit, cut) => {
        const damaged = cut ? frame.slice(0, at % frame.length) : frame.slice()
        if (!cut) damaged[at % frame.length]! ^= 1 << bit
        try {
          expect(decompress(damaged, { maxBytes: 100_000, dictionary }).byteLength).toBeLessThanOrEqual(
            100_000,
          )
        } catch (error) {
          expect(error).toBeInstanceOf(TidemarkError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is not disturbed by others that use and initialise the same module', async () => {
    const shared = createRequire(import.meta.url)('@bokuweb/zstd-wasm') as typeof Zstd
    const dictionary = randomFillSync(new Uint8Array(64 * 4096))
    const raw = Buffer.concat([dictionary.subarray(0, 200_000), randomFillSync(new Uint8Array(62_144))])
    for (let other = 0; other < 5; other += 1) {
      await shared.init()
      for (let i = 0; i < 50; i += 1) {
        try {
          shared.decompress(shared.compress(sample(3000), 3))
        } catch {
          // A second init() breaks the shared instance itself.
        }
      }
      const frame = compress(raw, { dictionary })
      expect(decompress(frame, { maxBytes: raw.byteLength, dictionary })).toEqual(new Uint8Array(raw))
    }
  })
})
