import type { Readable, Writable } from 'node:stream'
import { encodeFrameHead, FrameDecoder } from './frame.ts'
import type { Frame, FrameKind } from './frame.ts'

const NO_BYTES = new Uint8Array(0)

/**
 * A way in and a way out, each of its own: what cannot be written any more takes nothing with it that is
 * there to be read.
 */
export interface ChannelEnds {
  readonly input: Readable
  readonly output: Writable
}

/** Sends and receives frames. Bounds are the business of those who send: see the credits in {@link Frame}. */
export class FrameChannel {
  readonly #input: Readable
  readonly #output: Writable

  /** @param onClose called when no further frame will be received */
  constructor({ input, output }: ChannelEnds, onFrame: (frame: Frame) => void, onClose: () => void) {
    this.#input = input
    this.#output = output
    const decoder = new FrameDecoder()
    input.on('data', (piece: Buffer) => {
      for (const frame of decoder.push(piece)) onFrame(frame)
    })
    input.on('close', onClose)
    // A peer that is gone shows as an error too; `close` follows and says it once.
    for (const end of [input, output]) end.on('error', () => {})
  }

  send(kind: FrameKind, callId: number, json?: unknown, bytes: Uint8Array = NO_BYTES): void {
    if (this.#output.destroyed) return
    this.#output.cork()
    this.#output.write(encodeFrameHead({ kind, callId, json, bytes }))
    if (bytes.byteLength > 0) this.#output.write(bytes)
    this.#output.uncork()
  }

  /**
   * Calls back when all that was sent before has left this process, whose end it survives then; or when it
   * cannot any more.
   */
  whenSent(callback: () => void): void {
    if (this.#output.writableLength === 0) callback()
    else this.#output.write(NO_BYTES, callback)
  }

  /** Closes when what was sent has left. */
  end(): void {
    this.#output.end(() => this.#input.destroy())
  }

  close(): void {
    this.#input.destroy()
    this.#output.destroy()
  }
}
