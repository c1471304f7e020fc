import { describe, expect, it } from 'vitest'
import { turso } from '#messages'
import { ProtocolError } from '../errors.ts'
import { decodeMessage } from './decode-message.ts'
import { encodeMessage } from './encode-message.ts'
import { fromWireInteger, toWireInteger } from './wire-integer.ts'

function cross(value: number): number {
  const bytes = encodeMessage(turso.PageData, { pageId: toWireInteger(value) })
  return fromWireInteger(decodeMessage(turso.PageData, bytes, 'page').pageId, 'page id')
}

describe('64-bit fields', () => {
  it.each([[0], [1], [2 ** 31], [2 ** 32 - 1], [2 ** 32], [2 ** 40 + 3], [Number.MAX_SAFE_INTEGER]])(
    'carry %d',
    (value) => {
      expect(cross(value)).toBe(value)
    },
  )

  it('are refused above 2^53', () => {
    const bytes = Buffer.from('08ffffffffffffffffff01', 'hex')
    const { pageId } = decodeMessage(turso.PageData, bytes, 'page')
    expect(() => fromWireInteger(pageId, 'page id')).toThrow(ProtocolError)
  })

  it.each([[-1], [0.5], [2 ** 53], [NaN]])('are not written for %d', (value) => {
    expect(() => toWireInteger(value)).toThrow(ProtocolError)
  })

  it('would be written as 0 by protobufjs for a bigint, which is why all go through toWireInteger', () => {
    const bytes = encodeMessage(turso.PageData, { pageId: 5n as never })
    expect(fromWireInteger(decodeMessage(turso.PageData, bytes, 'page').pageId, 'page id')).toBe(0)
  })
})
