import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'

type Piece = { readonly length: number } | null | undefined | (() => void)

/**
 * Bytes of HTTP bodies that this process sent and received, by `fetch`, as undici reports them
 * (https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md), or by `node:http`, which
 * reports its requests (https://nodejs.org/api/diagnostics_channel.html#http). Headers and TCP are the same
 * for everybody.
 */
export class BodyBytes {
  sent = 0
  received = 0

  constructor() {
    subscribe('undici:request:bodyChunkSent', (message) => {
      this.sent += (message as { readonly chunk: Buffer }).chunk.length
    })
    subscribe('undici:request:bodyChunkReceived', (message) => {
      this.received += (message as { readonly chunk: Buffer }).chunk.length
    })
    subscribe('http.client.request.created', (message) => {
      const { request } = message as { readonly request: ClientRequest }
      const count = (piece: Piece): void => void (this.sent += lengthOf(piece))
      observe(request, 'write', count)
      observe(request, 'end', count)
    })
    subscribe('http.client.response.finish', (message) => {
      const { response } = message as { readonly response: IncomingMessage }
      observe(response, 'push', (piece) => void (this.received += lengthOf(piece)))
    })
  }

  reset(): void {
    this.sent = 0
    this.received = 0
  }
}

function lengthOf(piece: Piece): number {
  return typeof piece === 'object' && piece !== null ? piece.length : 0
}

/** Tells of the first argument of each call. */
function observe<K extends string>(
  object: Record<K, (...args: never[]) => unknown>,
  name: K,
  onCall: (argument: Piece) => void,
): void {
  const original = object[name].bind(object) as (...args: unknown[]) => unknown
  object[name] = (...args: unknown[]) => {
    onCall(args[0] as Piece)
    return original(...args)
  }
}
