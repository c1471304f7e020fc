import { describe, expect, it } from 'vitest'

import { FrameSequence } from './frame-sequence.ts'
import { pageChecksums } from './page-checksum.ts'
import { walChecksum } from './wal-checksum.ts'
import type { WalChecksum } from './wal-checksum.ts'
import { decodeFrameHeader, FRAME_SIZE, PAGE_SIZE } from './wal-format.ts'

const SALTS = [0xdead_beef, 7] as const
const SEED: WalChecksum = [0xffff_fff0, 0x8000_0001]

const imageOf = (page: number): Uint8Array =>
  Uint8Array.from({ length: PAGE_SIZE }, (_, index) => (index * page * 31) >>> 3)

/** The checksum after a frame, by the format's words. */
function checksumAfter(frame: Uint8Array, before: WalChecksum, isBigEndian: boolean): WalChecksum {
  return walChecksum(frame.subarray(24), walChecksum(frame.subarray(0, 8), before, isBigEndian), isBigEndian)
}

describe.each([false, true])('frames with checksums over big-endian words: %s', (bigEndianChecksum) => {
  it('continue each other across batches, and the last one can be made a commit', () => {
    const frames = new FrameSequence({ salts: SALTS, checksum: SEED, bigEndianChecksum, capacity: 20 })
    const written: Uint8Array[] = []
    const take = (): void => {
      for (let at = 0; at < frames.bytes.byteLength; at += FRAME_SIZE)
        written.push(Uint8Array.from(frames.bytes.subarray(at, at + FRAME_SIZE)))
      frames.clear()
    }
    for (let page = 1; page <= 45; page++) {
      if (frames.isFull) take()
      const image = imageOf(page)
      frames.add(page, image, page % 2 === 0 ? pageChecksums(image)[0] : null)
    }
    frames.commit(99)
    const { checksum } = frames
    take()

    let before = SEED
    for (const [index, frame] of written.entries()) {
      before = checksumAfter(frame, before, bigEndianChecksum)
      expect(decodeFrameHeader(frame, 0)).toEqual({
        pageNumber: index + 1,
        commitSizeInPages: index === 44 ? 99 : 0,
        salts: SALTS,
        checksum: before,
      })
      expect(frame.subarray(24)).toEqual(imageOf(index + 1))
    }
    expect(written).toHaveLength(45)
    expect(checksum).toEqual(before)
  })
})
