/**
 * The WAL checksum of pages by themselves, by which a checksum over many pages is continued without reading
 * them again: each is computed once where the page arrives or is read, and seals its group, its file and its
 * frame.
 *
 * Over two words x and y the sums become s0 + s1 + x and s0 + 2·s1 + x + y: what came before and what is
 * added do not mix. Over n words what came before counts with the Fibonacci numbers F(n-1), F(n) and F(n+1),
 * modulo 2³² (the "Fibonacci weights" of https://www.sqlite.org/fileformat2.html, section 4.2).
 */
import { isNativeOrder, updateNativeChecksum, walChecksum, WAL_CHECKSUM_SEED } from './wal-checksum.ts'
import type { WalChecksum } from './wal-checksum.ts'
import { PAGE_SIZE } from './wal-format.ts'

const WORDS = PAGE_SIZE / 4
const [BEFORE, OVER, BEHIND] = fibonacciAround(WORDS)

/** For each of the pages in `images`, which follow each other, its checksum over little-endian words from seed 0. */
export function pageChecksums(images: Uint8Array): WalChecksum[] {
  const count = images.byteLength / PAGE_SIZE
  if (!isNativeOrder(false) || images.byteOffset % 4 !== 0) {
    return Array.from({ length: count }, (_, i) =>
      walChecksum(images.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE), WAL_CHECKSUM_SEED, false),
    )
  }
  // One view for all: it costs as much as a page's checksum.
  const words = new Int32Array(images.buffer, images.byteOffset, count * WORDS)
  const state = new Uint32Array(2)
  const checksums: WalChecksum[] = []
  for (let i = 0; i < count; i++) {
    state.fill(0)
    updateNativeChecksum(state, words, i * WORDS, (i + 1) * WORDS)
    checksums.push([state[0]!, state[1]!])
  }
  return checksums
}

/** Continues the checksum `state` (two words, changed in place) over a page that has `checksum` by itself. */
export function continueOverPage(state: Uint32Array, checksum: WalChecksum): void {
  const [s0, s1] = [state[0]!, state[1]!]
  state[0] = Math.imul(BEFORE, s0) + Math.imul(OVER, s1) + checksum[0]
  state[1] = Math.imul(OVER, s0) + Math.imul(BEHIND, s1) + checksum[1]
}

/** F(n-1), F(n) and F(n+1), modulo 2³². */
function fibonacciAround(n: number): readonly [number, number, number] {
  let [before, at] = [0, 1]
  for (let i = 1; i < n; i++) [before, at] = [at, (before + at) >>> 0]
  return [before, at, (before + at) >>> 0]
}
