import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

interface Chunk {
  readonly position: number
  readonly length: number
  readonly crc: number
}

/**
 * Chunks of bytes in a file without a name, which ends with this process. Open until each of its holders has
 * released it; who creates it holds it. It is a copy of what can be had otherwise: what fails shows as a
 * chunk that is not there.
 */
export class ChunkFile {
  readonly #chunks: Chunk[] = []
  #descriptor: number | null = null
  #holders = 1
  #isWhole = true
  #length = 0

  /** @param path where the file is created, and removed at once */
  constructor(path: string) {
    try {
      this.#descriptor = openSync(path, 'w+', 0o600)
      rmSync(path)
    } catch {
      this.#isWhole = false
    }
  }

  /** Everything that was appended is there. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  get chunkCount(): number {
    return this.#chunks.length
  }

  append(bytes: Uint8Array): void {
    if (!this.#isWhole || this.#descriptor === null) return
    try {
      for (let written = 0; written < bytes.byteLength;)
        written += writeSync(this.#descriptor, bytes, written, bytes.byteLength - written)
      this.#chunks.push({ position: this.#length, length: bytes.byteLength, crc: crc32(bytes) })
      this.#length += bytes.byteLength
    } catch {
      // The disk is full, as a rule: the space is wanted elsewhere.
      this.#isWhole = false
      this.#close()
    }
  }

  /** Null where the file is closed, or does not have what was appended. */
  read(index: number): Uint8Array | null {
    const { position, length, crc } = this.#chunks[index]!
    if (this.#descriptor === null) return null
    const bytes = Buffer.allocUnsafeSlow(length)
    try {
      if (readSync(this.#descriptor, bytes, 0, length, position) !== length) return null
    } catch {
      return null
    }
    return crc32(bytes) === crc ? bytes : null
  }

  hold(): void {
    this.#holders += 1
  }

  release(): void {
    this.#holders -= 1
    if (this.#holders === 0) this.#close()
  }

  #close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }
}
