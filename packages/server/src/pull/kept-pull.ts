import { ChunkFile } from './chunk-file.ts'
import { skipBytes } from './skip-bytes.ts'

/**
 * The stream of all pages of one revision as it was sent, for others that ask for the same: making it is most
 * of what a bootstrap costs the server. It is kept from the second time on that a revision is asked for,
 * until another one is.
 */
export class KeptPull {
  readonly #path: string
  #lastAsked: string | null = null
  #kept: ChunkFile | null = null
  #isWriting = false

  /** @param path for {@link ChunkFile} */
  constructor(path: string) {
    this.#path = path
  }

  /**
   * The stream of a revision.
   *
   * @param make makes it, the same bytes each time; called in the middle where what is kept turns out to be damaged
   */
  stream(revision: string, make: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const isAskedAgain = this.#lastAsked === revision
    if (!isAskedAgain) this.close()
    this.#lastAsked = revision
    if (this.#kept !== null) return this.#read(this.#kept, make)
    return isAskedAgain ? this.#keep(revision, make) : make()
  }

  /** Lets go of what is kept. */
  close(): void {
    this.#kept?.release()
    this.#kept = null
    this.#lastAsked = null
  }

  async *#keep(revision: string, make: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    // Asked for at the same time, others may have begun, and even ended, before the first byte of this one is taken.
    if (this.#isWriting || this.#kept !== null) {
      yield* make()
      return
    }
    this.#isWriting = true
    const file = new ChunkFile(this.#path)
    try {
      for await (const bytes of make()) {
        file.append(bytes)
        yield bytes
      }
      if (!file.isWhole || this.#lastAsked !== revision) return
      file.hold()
      this.#kept = file
    } finally {
      file.release()
      this.#isWriting = false
    }
  }

  async *#read(file: ChunkFile, make: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let sentBytes = 0
    file.hold()
    try {
      for (let index = 0; index < file.chunkCount; index++) {
        const bytes = file.read(index)
        if (bytes === null) {
          if (this.#kept === file) this.close()
          yield* skipBytes(make(), sentBytes)
          return
        }
        yield bytes
        sentBytes += bytes.byteLength
      }
    } finally {
      file.release()
    }
  }
}
