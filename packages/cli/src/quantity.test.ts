import { describe, expect, it } from 'vitest'
import { formatBytes, formatCount, formatMoment } from './quantity.ts'

describe('quantities for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [4096, '4.0 KiB'],
    [250 * 1024, '250 KiB'],
    [12.34 * 1024 ** 2, '12.3 MiB'],
    [5 * 1024 ** 5, '5120 TiB'],
  ])('shows %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('counts one thing in the singular and groups thousands', () => {
    expect(formatCount(1, 'change')).toBe('1 change')
    expect(formatCount(2000, 'change')).toBe('2,000 changes')
  })

  it('shows a moment in UTC, and one that never was as never', () => {
    expect(formatMoment(0)).toBe('1970-01-01 00:00:00 UTC')
    expect(formatMoment(null)).toBe('never')
  })
})
