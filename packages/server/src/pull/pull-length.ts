import { PAGE_SIZE, PullEncoder } from '@tidemark/protocol'
import type { PullHeader } from '@tidemark/protocol'

const ZEROS = new Uint8Array(PAGE_SIZE)

/**
 * Bytes of a pull of these pages in the Turso dialect: the length of a page's message depends on the length
 * of its number alone.
 */
export function rawPullLength(header: Omit<PullHeader, 'encoding'>, pages: Uint32Array): number {
  const encoder = new PullEncoder('turso')
  const lengths = new Map<number, number>()
  let total = encoder.header(header).byteLength
  for (const pageNumber of pages) {
    const bits = 32 - Math.clz32(pageNumber - 1)
    let length = lengths.get(bits)
    if (length === undefined) {
      length = encoder.pages([{ pageNumber, image: ZEROS, oldImage: null }]).byteLength
      lengths.set(bits, length)
    }
    total += length
  }
  return total
}
