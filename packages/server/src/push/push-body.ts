import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { BusyError, ProtocolError, PushDecoder } from '@tidemark/protocol'
import type { Change, PushHeader } from '@tidemark/protocol'
import { EXPANSION } from './push-settings.ts'
import type { PushSettings } from './push-settings.ts'

const CHUNK_BYTES = 256 * 1024

/** A piece of a body that is kept in a file; bytes. */
export interface FileRange {
  readonly file: string
  readonly offset: number
  readonly length: number
}

export type BodyPart = Uint8Array | FileRange

/**
 * A push as it has been received so far, in memory or in a file. It can be read from its beginning any number of times.
 */
export class PushBody {
  readonly #settings: PushSettings
  readonly #parts: BodyPart[]
  #length: number
  #isWhole: boolean
  #wake: (() => void) | null = null

  /** @param isWhole false: {@link add} brings the rest, and {@link end} follows */
  constructor(beginning: Uint8Array, settings: PushSettings, isWhole = true) {
    this.#settings = settings
    this.#parts = [beginning]
    this.#length = beginning.byteLength
    this.#isWhole = isWhole
  }

  add(part: BodyPart): void {
    this.#parts.push(part)
    this.#length += part instanceof Uint8Array ? part.byteLength : part.length
    this.#wake?.()
  }

  end(): void {
    this.#isWhole = true
    this.#wake?.()
  }

  /** Bytes that have come. */
  get length(): number {
    return this.#length
  }

  /** Nothing more comes. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** The body's length; null where a part of it is in a file. */
  get bytesInMemory(): number | null {
    let bytes = 0
    for (const part of this.#parts) {
      if (!(part instanceof Uint8Array)) return null
      bytes += part.byteLength
    }
    return bytes
  }

  /** The same, which must be whole, in memory of its own. */
  copy(): PushBody {
    const copies: Buffer[] = []
    for (const chunk of new ChunkReader().chunks(this.#parts)) copies.push(Buffer.from(chunk))
    return new PushBody(Buffer.concat(copies), this.#settings)
  }

  /**
   * Waits until there is more of it, or it is whole; at most `waitMs`.
   *
   * @returns false when the time is up
   * @throws BusyError when `signal` aborts: the rest will not come
   */
  async grows(waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) throw cancelled()
    if (this.#isWhole) return true
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#wake = null
        action()
      }
      const onAbort = (): void => settle(() => reject(cancelled()))
      const timer = Number.isFinite(waitMs)
        ? setTimeout(() => settle(() => resolve(false)), waitMs)
        : undefined
      signal.addEventListener('abort', onAbort)
      this.#wake = () => settle(() => resolve(true))
    })
  }

  /** Waits until all of it is here. @throws BusyError when `signal` aborts */
  async whole(signal: AbortSignal): Promise<void> {
    while (!this.#isWhole) await this.grows(Infinity, signal)
  }

  /**
   * The header, as soon as it is here; what follows it has not been looked at.
   *
   * @throws ProtocolError, LimitError; as {@link grows}
   */
  async header(signal: AbortSignal): Promise<PushHeader> {
    for (;;) {
      const isAll = this.#isWhole
      const header = this.#findHeader()
      if (header !== null) return header
      if (isAll) throw new ProtocolError('push without a header')
      await this.grows(Infinity, signal)
    }
  }

  /**
   * Reads the whole body, for an answer that applies nothing of it. Others get the event loop now and then.
   *
   * @throws ProtocolError, LimitError; as {@link whole}
   */
  async validate(signal: AbortSignal): Promise<void> {
    await this.whole(signal)
    const decoder = this.#decoder()
    for (const chunk of new ChunkReader().chunks(this.#parts)) {
      for (const event of decoder.push(chunk)) void event
      await nextTurnOfLoop()
    }
    decoder.end()
  }

  /**
   * The changes, from the first. The body was whole and as it was sent only when they have come to their end.
   *
   * @throws ProtocolError, LimitError at the first thing that is wrong
   */
  changes(): Iterable<Change> {
    return this.reader()()
  }

  /**
   * Reads the changes as they arrive: each call gives those that have come since the last one, to be iterated
   * to their end. After the last of a whole body it has been checked, as by {@link changes}.
   */
  reader(): () => Iterable<Change> {
    const decoder = this.#decoder()
    const reader = new ChunkReader()
    let next = 0
    const arrived = function* (parts: readonly BodyPart[]): Generator<BodyPart> {
      while (next < parts.length) yield parts[next++]!
    }
    return () => this.#changesIn(reader.chunks(arrived(this.#parts)), decoder)
  }

  *#changesIn(chunks: Iterable<Uint8Array>, decoder: PushDecoder): Generator<Change> {
    for (const chunk of chunks)
      for (const event of decoder.push(chunk)) if (event.type === 'change') yield event.change
    if (this.#isWhole) decoder.end()
  }

  #findHeader(): PushHeader | null {
    const decoder = this.#decoder()
    for (const chunk of new ChunkReader().chunks(this.#parts))
      for (const event of decoder.push(chunk)) if (event.type === 'header') return event.header
    return null
  }

  #decoder(): PushDecoder {
    const { maxBlockBytes, maxPushBytes } = this.#settings
    return new PushDecoder({ maxBlockBytes, maxPushBytes: maxPushBytes * EXPANSION })
  }
}

/** Reads parts a piece at a time; those in files into memory that it uses again. */
class ChunkReader {
  #memory: Buffer | null = null

  get #chunk(): Buffer {
    this.#memory ??= Buffer.allocUnsafe(CHUNK_BYTES)
    return this.#memory
  }

  /** Each chunk is valid until the next is asked for. */
  *chunks(parts: Iterable<BodyPart>): Generator<Uint8Array> {
    for (const part of parts) {
      if (part instanceof Uint8Array) yield* piecesOf(part)
      else yield* this.#read(part)
    }
  }

  *#read({ file, offset, length }: FileRange): Generator<Uint8Array> {
    const chunk = this.#chunk
    const descriptor = openSync(file, 'r')
    try {
      for (let read = 0; read < length;) {
        const wanted = Math.min(CHUNK_BYTES, length - read)
        const got = readSync(descriptor, chunk, 0, wanted, offset + read)
        if (got === 0) throw new ProtocolError('a push was cut off in its file')
        yield chunk.subarray(0, got)
        read += got
      }
    } finally {
      closeSync(descriptor)
    }
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += CHUNK_BYTES)
    yield bytes.subarray(offset, offset + CHUNK_BYTES)
}

function cancelled(): BusyError {
  return new BusyError('Nobody waits for the push any more')
}
