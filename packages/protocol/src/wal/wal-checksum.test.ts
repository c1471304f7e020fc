import { describe, expect, it } from 'vitest'
import { WAL_CHECKSUM_SEED, walChecksum } from './wal-checksum.ts'

const BYTES = Uint8Array.from({ length: 20_008 }, (_, i) => (i * 31) ^ (i >>> 5))

describe('walChecksum', () => {
  it.each([false, true])(
    'continues where it stopped, however the bytes are cut (big-endian: %s)',
    (bigEndian) => {
      const whole = walChecksum(BYTES, WAL_CHECKSUM_SEED, bigEndian)
      for (const at of [8, 4096, 4104, 20_000]) {
        const first = walChecksum(BYTES.subarray(0, at), WAL_CHECKSUM_SEED, bigEndian)
        expect(walChecksum(BYTES.subarray(at), first, bigEndian)).toEqual(whole)
      }
    },
  )

  it('is the same wherever the bytes lie in memory', () => {
    const shifted = new Uint8Array(BYTES.byteLength + 1)
    shifted.set(BYTES, 1)
    expect(walChecksum(shifted.subarray(1), WAL_CHECKSUM_SEED, false)).toEqual(
      walChecksum(BYTES, WAL_CHECKSUM_SEED, false),
    )
  })
})
