/**
 * The WAL checksum of SQLite's file format (https://www.sqlite.org/fileformat2.html, section 4.2): two 32-bit sums over
 * pairs of 32-bit words, each step feeding the other sum. The words' byte order is that of the WAL header's magic.
 */

/** The two running sums, each an unsigned 32-bit number. */
export type WalChecksum = readonly [number, number]

export const WAL_CHECKSUM_SEED: WalChecksum = [0, 0]

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** A page, see {@link updateNativeChecksum}. */
const WORDS_PER_CALL = 1024

/** Whether a checksum over words of this byte order can be taken by {@link updateNativeChecksum}. */
export function isNativeOrder(bigEndian: boolean): boolean {
  return bigEndian !== HOST_IS_LITTLE_ENDIAN
}

/**
 * Continues the checksum `state` (two words, changed in place) over `words[start, end)`, an even number of
 * them, in the host's byte order.
 *
 * Best over a page at a time: a loop that runs for long in its first calls is compiled by V8 without what
 * follows it, and that code is dropped at each end of the loop. Over 256 KiB a call it took five times as
 * long.
 *
 * Eight words a step: a shorter function is inlined into its callers by V8's middle compiler, which the last
 * one does not replace for thousands of calls, since it counts the caller's. That took five times as long,
 * too.
 */
export function updateNativeChecksum(
  state: Uint32Array,
  words: Int32Array,
  start: number,
  end: number,
): void {
  let s0 = state[0]! | 0
  let s1 = state[1]! | 0
  let i = start
  for (; i + 8 <= end; i += 8) {
    s0 = (s0 + words[i]! + s1) | 0
    s1 = (s1 + words[i + 1]! + s0) | 0
    s0 = (s0 + words[i + 2]! + s1) | 0
    s1 = (s1 + words[i + 3]! + s0) | 0
    s0 = (s0 + words[i + 4]! + s1) | 0
    s1 = (s1 + words[i + 5]! + s0) | 0
    s0 = (s0 + words[i + 6]! + s1) | 0
    s1 = (s1 + words[i + 7]! + s0) | 0
  }
  for (; i < end; i += 2) {
    s0 = (s0 + words[i]! + s1) | 0
    s1 = (s1 + words[i + 1]! + s0) | 0
  }
  state[0] = s0
  state[1] = s1
}

/**
 * Continues the checksum `state` (two words, changed in place) over `bytes[start, end)`; the length must be a
 * multiple of eight. The fast path reads 32-bit words through a typed array, which needs a 4-byte aligned
 * position.
 */
export function updateWalChecksum(
  state: Uint32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  bigEndian: boolean,
): void {
  const position = bytes.byteOffset + start
  if (isNativeOrder(bigEndian) && position % 4 === 0) {
    const words = new Int32Array(bytes.buffer, position, (end - start) >>> 2)
    for (let i = 0; i < words.length; i += WORDS_PER_CALL)
      updateNativeChecksum(state, words, i, Math.min(i + WORDS_PER_CALL, words.length))
    return
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let s0 = state[0]! | 0
  let s1 = state[1]! | 0
  for (let i = start; i < end; i += 8) {
    s0 = (s0 + view.getInt32(i, !bigEndian) + s1) | 0
    s1 = (s1 + view.getInt32(i + 4, !bigEndian) + s0) | 0
  }
  state[0] = s0
  state[1] = s1
}

/** The checksum of `bytes` (a multiple of eight long), continued from `seed`. */
export function walChecksum(bytes: Uint8Array, seed: WalChecksum, bigEndian: boolean): WalChecksum {
  const state = Uint32Array.of(seed[0], seed[1])
  updateWalChecksum(state, bytes, 0, bytes.byteLength, bigEndian)
  return [state[0]!, state[1]!]
}
