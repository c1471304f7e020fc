import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sqlValue } from '../../test/support/arbitrary-changes.ts'
import { ProtocolError } from '../errors.ts'
import { RawText } from '../value.ts'
import type { SqlValue } from '../value.ts'
import type { HranaValue } from './hrana-types.ts'
import { fromHranaValue, toHranaValue } from './hrana-value.ts'
import { parseHranaValue } from './parse-statement.ts'

function crossJson(value: SqlValue): SqlValue {
  return fromHranaValue(parseHranaValue(JSON.parse(JSON.stringify(toHranaValue(value))), 'value'))
}

describe('Hrana values', () => {
  it('cross JSON exactly, but for what JSON cannot carry', () => {
    const carried = sqlValue.filter(
      (value) => !(value instanceof RawText) && (typeof value !== 'number' || Number.isFinite(value)),
    )
    fc.assert(
      fc.property(carried, (value) => {
        expect(crossJson(value)).toStrictEqual(value)
      }),
    )
  })

  it('lose the sign of an infinity, which is then refused, but not of zero', () => {
    expect(toHranaValue(-Infinity)).toEqual({ type: 'float', value: null })
    expect(() => crossJson(Infinity)).toThrow(ProtocolError)
    expect(crossJson(-0)).toBe(-0)
  })

  it('show text that is not UTF-8 with U+FFFD', () => {
    expect(toHranaValue(new RawText(Uint8Array.of(0x61, 0xff)))).toEqual({ type: 'text', value: 'a\uFFFD' })
  })

  it('take base64 with and without padding', () => {
    for (const base64 of ['', 'YQ==', 'YQ', 'YWI=', 'YWI', 'YWJj']) {
      const text = Buffer.from(fromHranaValue({ type: 'blob', base64 }) as Uint8Array).toString()
      expect(text).toBe('abc'.slice(0, Math.floor((base64.replaceAll('=', '').length * 3) / 4)))
    }
  })

  it.each<HranaValue>([
    { type: 'integer', value: '' },
    { type: 'integer', value: '1.5' },
    { type: 'integer', value: '0x10' },
    { type: 'integer', value: '9223372036854775808' },
    { type: 'integer', value: '-9223372036854775809' },
    { type: 'integer', value: ' 1' },
    { type: 'integer', value: '9'.repeat(10_000) },
    { type: 'blob', base64: 'Y' },
    { type: 'blob', base64: 'Y*JjZ' },
    { type: 'blob', base64: 'YQ==YQ==' },
    { type: 'blob', base64: 'YWJj\n' },
  ])('refuse %j', (value) => {
    expect(() => fromHranaValue(value)).toThrow(ProtocolError)
  })

  it('take the extremes of 64 bits', () => {
    expect(fromHranaValue({ type: 'integer', value: '9223372036854775807' })).toBe(2n ** 63n - 1n)
    expect(fromHranaValue({ type: 'integer', value: '-9223372036854775808' })).toBe(-(2n ** 63n))
  })
})
