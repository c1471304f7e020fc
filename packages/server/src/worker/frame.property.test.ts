import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFrameHead, FrameDecoder } from './frame.ts'
import type { Frame } from './frame.ts'

const frame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom('call', 'credit', 'result', 'error', 'head', 'chunk', 'end', 'log'),
  callId: fc.integer({ min: 0, max: 0x7fff_ffff }),
  json: fc.option(fc.record({ text: fc.string({ unit: 'grapheme' }) }), { nil: undefined }),
  bytes: fc.uint8Array({ maxLength: 60 }),
})
/** Chunks have no JSON. */
const sentFrame = frame.map((one) => (one.kind === 'chunk' ? { ...one, json: undefined } : one))

/** Parts of a chunk put together again. */
function joined(received: readonly Frame[]): Frame[] {
  const frames: Frame[] = []
  let parts: Uint8Array[] = []
  for (const { isPart, ...rest } of received) {
    parts.push(rest.bytes)
    if (isPart === true) continue
    frames.push({ ...rest, bytes: Uint8Array.from(Buffer.concat(parts)) })
    parts = []
  }
  return frames
}

describe('frames', () => {
  test('arrive as they were sent, however the socket cuts them', () => {
    const property = fc.property(fc.array(sentFrame), fc.integer({ min: 1, max: 80 }), (sent, pieceBytes) => {
      const stream = Buffer.concat(sent.flatMap((one) => [encodeFrameHead(one), one.bytes]))
      const decoder = new FrameDecoder()
      const received: Frame[] = []
      for (let at = 0; at < stream.length; at += pieceBytes)
        received.push(...decoder.push(stream.subarray(at, at + pieceBytes)))
      expect(joined(received)).toEqual(sent.map((one) => ({ ...one, bytes: Uint8Array.from(one.bytes) })))
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('a chunk is passed on with each piece of it, without being put together', () => {
    const bytes = new Uint8Array(100)
    const stream = Buffer.concat([
      encodeFrameHead({ kind: 'chunk', callId: 7, json: undefined, bytes }),
      bytes,
    ])
    const decoder = new FrameDecoder()
    const parts = [stream.subarray(0, 50), stream.subarray(50, 90), stream.subarray(90)].map((piece) => [
      ...decoder.push(piece),
    ])
    expect(parts.map(([part]) => part!.bytes.byteLength)).toEqual([37, 40, 23])
    expect(parts.map(([part]) => part!.isPart)).toEqual([true, true, undefined])
    expect(parts[1]![0]!.bytes.buffer).toBe(stream.buffer)
  })
})
