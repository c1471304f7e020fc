import type { Duplex } from 'node:stream'
import { encodeFrameHead, FrameDecoder } from './frame.ts'
import type { Frame, FrameKind } from './frame.ts'

const NO_BYTES = new Uint8Array(0)

/** Sends and receives frames on one end of a socket pair. Bounds are the business of those who send: see the credits in {@link Frame}. */
export class FrameChannel {
  readonly #socket: Duplex

  constructor(socket: Duplex, onFrame: (frame: Frame) => void, onClose: () => void) {
    this.#socket = socket
    const decoder = new FrameDecoder()
    socket.on('data', (piece: Buffer) => {
      for (const frame of decoder.push(piece)) onFrame(frame)
    })
    socket.on('close', onClose)
    // A peer that is gone shows as a write error too; `close` follows and says it once.
    socket.on('error', () => {})
  }

  send(kind: FrameKind, callId: number, json?: unknown, bytes: Uint8Array = NO_BYTES): void {
    if (this.#socket.destroyed) return
    this.#socket.cork()
    this.#socket.write(encodeFrameHead({ kind, callId, json, bytes }))
    if (bytes.byteLength > 0) this.#socket.write(bytes)
    this.#socket.uncork()
  }

  /** Calls back when all that was sent before has left this process, whose end it survives then; or when it cannot any more. */
  whenSent(callback: () => void): void {
    if (this.#socket.writableLength === 0) callback()
    else this.#socket.write(NO_BYTES, callback)
  }

  /** Closes when what was sent has left. */
  end(): void {
    this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
  }
}
