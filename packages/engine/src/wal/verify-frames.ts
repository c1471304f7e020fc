import { FRAME_HEADER_SIZE, FRAME_SIZE, encodeFrameHeader, updateWalChecksum } from '@tidemark/protocol'
import type { WalChecksum, WalHeader } from '@tidemark/protocol'

import type { WalFile, WalFrame } from './wal-file.ts'

/**
 * Checksum of frame `count` if all frames up to it are whole and continue each other from `header`, else
 * null. The file must be at least that long.
 *
 * @param onFrame told of each frame that checks out
 */
export function verifyFrames(
  file: WalFile,
  header: WalHeader,
  count: number,
  onFrame: (frame: WalFrame) => void = () => {},
): WalChecksum | null {
  const state = Uint32Array.of(header.checksum[0], header.checksum[1])
  const scratch = new Uint8Array(FRAME_HEADER_SIZE)
  for (const frame of file.readFrames(1, count)) {
    encodeFrameHeader(scratch, 0, frame)
    updateWalChecksum(state, scratch, 0, 8, header.bigEndianChecksum)
    updateWalChecksum(state, frame.image, 0, FRAME_SIZE - FRAME_HEADER_SIZE, header.bigEndianChecksum)
    if (state[0] !== frame.checksum[0] || state[1] !== frame.checksum[1]) return null
    if (frame.salts[0] !== header.salts[0] || frame.salts[1] !== header.salts[1]) return null
    onFrame(frame)
  }
  return [state[0]!, state[1]!]
}
