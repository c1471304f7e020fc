import { subscribe } from 'node:diagnostics_channel'

interface Chunk {
  readonly chunk: { readonly length: number }
}

/**
 * Bytes of HTTP bodies that this process sent and received, as undici, Node's `fetch`, reports them
 * (https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md). Headers and TCP are the same for everybody.
 */
export class BodyBytes {
  sent = 0
  received = 0

  constructor() {
    subscribe('undici:request:bodyChunkSent', (message) => {
      this.sent += (message as Chunk).chunk.length
    })
    subscribe('undici:request:bodyChunkReceived', (message) => {
      this.received += (message as Chunk).chunk.length
    })
  }

  reset(): void {
    this.sent = 0
    this.received = 0
  }
}
