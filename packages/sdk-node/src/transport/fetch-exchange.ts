import ky from 'ky'
import { untilAborted } from '../sync/turns.ts'
import { SEND_ONCE } from './exchange.ts'
import type { Answer, Body, Outgoing } from './exchange.ts'

/** Sends a request by the application's own `fetch`, which may be one that does not listen to its signal. */
export async function exchangeByFetch(outgoing: Outgoing, fetch: typeof globalThis.fetch): Promise<Answer> {
  const { address, method, headers, signal, body } = outgoing
  const asked = ky(address, { ...SEND_ONCE, method, headers, signal, fetch, ...bodyOptions(body) })
  const response = await untilAborted(signal, asked).catch((error: unknown) => {
    // What is answered later nobody reads: it would keep its connection.
    asked.then(cancelBody).catch(() => {})
    throw error
  })
  return {
    status: response.status,
    headers: response.headers,
    body: response.body === null ? NO_CHUNKS : chunksOf(response.body, signal),
    cancel: async () => cancelBody(response),
  }
}

/** Waits for nothing: it may never end. */
function cancelBody({ body }: Response): void {
  body?.cancel().catch(() => {})
}

async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await untilAborted(signal, reader.read())
      if (done) return
      yield value
    }
  } finally {
    // It may never end.
    reader.cancel().catch(() => {})
  }
}

const NO_CHUNKS: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} }

/**
 * Fetch keeps a copy of the whole body for the redirect that might come, unless it is told that a redirect is
 * an error and that there is no window (Fetch standard, HTTP-network-or-cache fetch, step 8): only then is a
 * streamed body not held in memory (I7).
 */
function bodyOptions(body: Body | undefined): RequestInit {
  if (body === undefined) return { redirect: 'manual' }
  if (body instanceof Uint8Array) return { redirect: 'manual', body }
  return { redirect: 'error', window: null, body: body instanceof Blob ? body : ReadableStream.from(body) }
}
