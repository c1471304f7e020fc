import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { BodyMemory } from '../http/body-memory.ts'
import type { BodyPart, FileRange } from './push-body.ts'

/** Bodies up to this size are kept in memory. */
const MEMORY_BYTES = 8 * 1024 * 1024
/** A body that is not whole with so many bytes is passed on while the rest of it arrives. */
const BEGINNING_BYTES = 16 * 1024
/** Pieces are put together to parts of this size at least, since each part costs memory however small it is. */
const PART_BYTES = 16 * 1024

/** What of a body has come first. */
export interface Beginning {
  readonly bytes: Uint8Array
  /** What follows; null where `bytes` are all. */
  readonly rest: AsyncIterable<BodyPart> | null
}

/**
 * Keeps one body while it is received and used: in memory while it is small and there is `memory`, what
 * follows in a file in `directory`.
 */
export class BodySpool {
  readonly #path: string
  readonly #memory: BodyMemory
  #bytesInMemory = 0
  #file: Promise<FileHandle> | null = null
  #fileBytes = 0
  #isRemoved = false

  constructor(directory: string, memory: BodyMemory) {
    this.#path = join(directory, `${randomUUID()}.push`)
    this.#memory = memory
  }

  /** @throws the errors of `pieces`, here or while the rest is iterated; the file system's */
  async receive(pieces: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Beginning> {
    const parts = this.#parts(pieces)
    const kept: Uint8Array[] = []
    for (let bytes = 0; bytes <= BEGINNING_BYTES;) {
      const next = await parts.next()
      if (next.done === true) return { bytes: Buffer.concat(kept), rest: null }
      if (!(next.value instanceof Uint8Array))
        return { bytes: Buffer.concat(kept), rest: startingWith(next.value, parts) }
      kept.push(next.value)
      bytes += next.value.byteLength
    }
    return { bytes: Buffer.concat(kept), rest: parts }
  }

  /** Gives the memory back and removes the file. What is still being received is dropped. */
  async remove(): Promise<void> {
    this.#isRemoved = true
    this.#memory.release(this.#bytesInMemory)
    this.#bytesInMemory = 0
    const file = await this.#file
    if (file === null) return
    await file.close()
    await rm(this.#path, { force: true })
  }

  async *#parts(pieces: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<BodyPart, void, undefined> {
    for await (const bytes of partsOf(pieces)) {
      if (this.#isRemoved) return
      yield this.#keepInMemory(bytes) ? bytes : await this.#keepInFile(bytes)
    }
  }

  #keepInMemory({ length }: Buffer): boolean {
    const isSmall = this.#file === null && this.#bytesInMemory + length <= MEMORY_BYTES
    if (!isSmall || !this.#memory.take(length)) return false
    this.#bytesInMemory += length
    return true
  }

  async #keepInFile(bytes: Buffer): Promise<FileRange> {
    this.#file ??= open(this.#path, 'wx', 0o600)
    const file = await this.#file
    const offset = this.#fileBytes
    this.#fileBytes += bytes.length
    // All of it, where the disk takes it in parts.
    await file.writeFile(bytes)
    return { file: this.#path, offset, length: bytes.length }
  }
}

async function* partsOf(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let kept: Buffer[] = []
  let length = 0
  for await (const piece of pieces) {
    kept.push(piece)
    length += piece.length
    if (length < PART_BYTES) continue
    yield kept.length === 1 ? piece : Buffer.concat(kept)
    kept = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(kept)
}

async function* startingWith(
  first: BodyPart,
  rest: AsyncIterable<BodyPart>,
): AsyncGenerator<BodyPart, void, undefined> {
  yield first
  yield* rest
}
