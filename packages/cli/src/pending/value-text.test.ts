import { RawText } from '@tidemark/protocol'
import { describe, expect, it } from 'vitest'
import { parseKeyValue } from '../key-value.ts'
import { formatValue } from './value-text.ts'

describe('a value for people', () => {
  it.each([
    [null, 'NULL'],
    [7n, '7'],
    [-9_223_372_036_854_775_808n, '-9223372036854775808'],
    [7, '7.0'],
    [-0, '-0.0'],
    [1.5, '1.5'],
    [1e21, '1e+21'],
    [Number.POSITIVE_INFINITY, '9e999'],
    [Number.NEGATIVE_INFINITY, '-9e999'],
    ['7', '"7"'],
    ['NULL', '"NULL"'],
    ['', '""'],
    ['two\nlines', String.raw`"two\nlines"`],
    ['\u001B[31m\u009B', String.raw`"\u001b[31m\u009b"`],
    [Buffer.from([0, 255]), "x'00ff'"],
    [Buffer.alloc(0), "x''"],
  ])('shows what it is, as discard --key reads it (%#)', (value, text) => {
    expect(formatValue(value, 40)).toBe(text)
    expect(parseKeyValue(text)).toEqual(value)
  })

  it('of text that is not UTF-8 is SQL', () => {
    expect(formatValue(new RawText(Buffer.from([0xff, 0x41])), 40)).toBe("CAST(x'ff41' AS TEXT)")
  })

  it('is cut where it is long, never within a character, and has its size', () => {
    expect(formatValue('a'.repeat(2000), 4)).toBe('"aaaa"… (2.0 KiB)')
    expect(formatValue('aaa👩aaa', 4)).toBe('"aaa"… (10 B)')
    expect(formatValue('aaaa', 4)).toBe('"aaaa"')
    expect(formatValue(Buffer.alloc(2048, 7), 4)).toBe("x'0707…' (2.0 KiB)")
    expect(formatValue(Buffer.alloc(2, 7), 4)).toBe("x'0707'")
    expect(formatValue(new RawText(Buffer.alloc(2048, 0xff)), 4)).toBe("CAST(x'ffff…' (2.0 KiB) AS TEXT)")
  })
})
