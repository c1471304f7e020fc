/** Bytes that request bodies take in the main process, all requests together. */
export class BodyMemory {
  #free: number

  constructor(maxBytes: number) {
    this.#free = maxBytes
  }

  /** Takes as many bytes where they are free. */
  take(bytes: number): boolean {
    if (bytes > this.#free) return false
    this.#free -= bytes
    return true
  }

  release(bytes: number): void {
    this.#free += bytes
  }
}
