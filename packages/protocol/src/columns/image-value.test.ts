import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sqlValue } from '../../test/support/arbitrary-changes.ts'
import { RawText, ValueDigest } from '../value.ts'
import { matchesImage, toImageValue } from './image-value.ts'

const digestOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest().subarray(0, 16)

describe('before images', () => {
  it('hold small values themselves', () => {
    for (const value of [
      null,
      1n,
      0.5,
      'x'.repeat(32),
      new Uint8Array(32),
      new RawText(new Uint8Array(32)),
    ]) {
      expect(toImageValue(value)).toBe(value)
    }
  })

  it('hold digests of TEXT and BLOB above 32 bytes', () => {
    const text = 'ü'.repeat(17)
    const blob = new Uint8Array(33).fill(255)
    expect(toImageValue(text)).toEqual(new ValueDigest('text', digestOf(Buffer.from(text))))
    expect(toImageValue(blob)).toEqual(new ValueDigest('blob', digestOf(blob)))
    expect(toImageValue(new RawText(blob))).toEqual(new ValueDigest('text', digestOf(blob)))
  })

  it('match the value that they show', () => {
    fc.assert(fc.property(sqlValue, (value) => matchesImage(toImageValue(value), structuredCopy(value))))
  })

  it('match no other value', () => {
    const long = 'a'.repeat(40)
    const values = [
      null,
      0n,
      1n,
      0,
      -0,
      1,
      '',
      '1',
      'a',
      long,
      new Uint8Array(0),
      Uint8Array.of(1),
      new RawText(Uint8Array.of(255)),
    ]
    const others = [Buffer.from(long), `${long}b`, new RawText(Buffer.alloc(40, 255)), Buffer.alloc(40, 255)]
    const all = [...values, ...others]
    for (const [i, a] of all.entries()) {
      for (const [j, b] of all.entries()) expect(matchesImage(toImageValue(a), b)).toBe(i === j)
    }
  })
})

function structuredCopy<T>(value: T): T {
  if (value instanceof RawText) return new RawText(value.bytes.slice()) as T
  return value instanceof Uint8Array ? (value.slice() as T) : value
}
