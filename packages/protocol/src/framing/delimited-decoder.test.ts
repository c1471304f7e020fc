import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LimitError, ProtocolError } from '../errors.ts'
import { DelimitedDecoder } from './delimited-decoder.ts'
import { encodeDelimited } from './encode-delimited.ts'

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let offset = 0
  for (let i = 0; offset < bytes.length; i += 1) {
    const length = lengths[i % lengths.length]!
    chunks.push(bytes.subarray(offset, offset + length))
    offset += length
  }
  return chunks
}

describe('DelimitedDecoder', () => {
  it.each([false, true])(
    'gives back messages however the stream is cut (reuses memory: %s)',
    (reusesMemory) => {
      const messages = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 })
      const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 10 })
      fc.assert(
        fc.property(messages, cuts, (sent, lengths) => {
          const decoder = new DelimitedDecoder({ maxMessageBytes: 400, reusesMemory })
          const stream = Buffer.concat(sent.map(encodeDelimited))
          const received = cut(stream, lengths).flatMap((chunk) =>
            decoder.push(chunk).map((message) => Buffer.from(message)),
          )
          decoder.end()
          expect(received).toEqual(sent.map((message) => Buffer.from(message)))
        }),
      )
    },
  )

  it('does not write to messages that it gave out', () => {
    const decoder = new DelimitedDecoder({ maxMessageBytes: 10 })
    const first = [...decoder.push(Uint8Array.of(3, 1)), ...decoder.push(Uint8Array.of(2, 3))]
    const second = [...decoder.push(Uint8Array.of(3, 4)), ...decoder.push(Uint8Array.of(5, 6))]
    expect(first).toEqual([Uint8Array.of(1, 2, 3)])
    expect(second).toEqual([Uint8Array.of(4, 5, 6)])
  })

  it('notices a stream that ends inside a message or inside a length', () => {
    const stream = encodeDelimited(new Uint8Array(200))
    for (let length = 1; length < stream.length; length += 1) {
      const decoder = new DelimitedDecoder({ maxMessageBytes: 1000 })
      expect(decoder.push(stream.subarray(0, length))).toEqual([])
      expect(() => decoder.end()).toThrow(ProtocolError)
    }
  })

  it('refuses a message above the limit as soon as its length is known', () => {
    const decoder = new DelimitedDecoder({ maxMessageBytes: 1000 })
    expect(() => decoder.push(Uint8Array.of(0xe9, 0x07))).toThrow(LimitError)
    expect(new DelimitedDecoder({ maxMessageBytes: 1000 }).push(Uint8Array.of(0xe8, 0x07))).toEqual([])
  })

  it('refuses a length of more than five bytes', () => {
    const decoder = new DelimitedDecoder({ maxMessageBytes: 1000 })
    expect(() => decoder.push(new Uint8Array(10).fill(0x80))).toThrow(ProtocolError)
  })

  it('takes no memory for a length alone (I7)', () => {
    const before = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 100 }, () => new DelimitedDecoder({ maxMessageBytes: 2 ** 30 }))
    for (const decoder of decoders) decoder.push(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04, 1))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
  })
})
