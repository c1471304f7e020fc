import { PAGE_SIZE, PullEncoder } from '@tidemark/protocol'

const ZEROS = new Uint8Array(PAGE_SIZE)

/** Bytes of the raw page messages for these pages: a message's length depends on the length of its page number alone. */
export function rawPagesLength(pages: Uint32Array): number {
  const encoder = new PullEncoder('turso')
  const lengths = new Map<number, number>()
  let total = 0
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
