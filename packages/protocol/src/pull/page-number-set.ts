const BITS_PER_SEGMENT = 32_768

/** Page numbers seen. Takes 4 KiB for every 32,768 pages that were touched, whatever the largest number. */
export class PageNumberSet {
  readonly #segments = new Map<number, Uint8Array>()

  /** False if the number was in the set already. */
  add(pageNumber: number): boolean {
    const bit = pageNumber % BITS_PER_SEGMENT
    const key = (pageNumber - bit) / BITS_PER_SEGMENT
    let segment = this.#segments.get(key)
    if (segment === undefined) {
      segment = new Uint8Array(BITS_PER_SEGMENT / 8)
      this.#segments.set(key, segment)
    }
    const mask = 1 << (bit & 7)
    const byte = segment[bit >>> 3]!
    segment[bit >>> 3] = byte | mask
    return (byte & mask) === 0
  }
}
