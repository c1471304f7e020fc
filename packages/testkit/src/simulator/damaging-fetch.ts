import {
  decodePullRequest,
  encodePullRequest,
  PROTOCOL_LIMITS,
  PullDecoder,
  PullEncoder,
} from '@tidemark/protocol'
import type { PulledPage } from '@tidemark/protocol'

/** Stands for a server that sends a first page whose schema SQLite cannot read, inside valid checksums. */
export class DamagingFetch {
  isDamaging = false
  readonly #next: typeof fetch

  /** @param next leads to an honest server */
  constructor(next: typeof fetch) {
    this.#next = next
  }

  readonly fetch: typeof fetch = async (input, init) => {
    if (!this.isDamaging) return this.#next(input, init)
    const request = new Request(input, init)
    if (!request.url.endsWith('/pull-updates')) return this.#next(request)
    const { echo: _, ...asked } = decodePullRequest(await request.bytes())
    // All pages, so that they can be read without those of the client.
    const body = encodePullRequest({ ...asked, clientRevision: '' })
    const response = await this.#next(request.url, { method: 'POST', headers: request.headers, body })
    return new Response(damaged(await response.bytes()), { headers: response.headers })
  }
}

function damaged(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const decoder = new PullDecoder({ oldImage: () => null, pushed: null })
  const encoder = new PullEncoder('tidemark')
  const parts: Uint8Array[] = []
  const pages: PulledPage[] = []
  for (const event of decoder.push(body)) {
    if (event.type === 'header') parts.push(encoder.header(event.header))
    else pages.push({ pageNumber: event.pageNumber, image: Uint8Array.from(event.image), oldImage: null })
  }
  decoder.end()
  // Behind the file's header, which stays as it is.
  pages.find(({ pageNumber }) => pageNumber === 1)?.image.fill(0xff, 108, 228)
  for (let start = 0; start < pages.length; start += PROTOCOL_LIMITS.pagesPerGroup)
    parts.push(encoder.pages(pages.slice(start, start + PROTOCOL_LIMITS.pagesPerGroup)))
  return Uint8Array.from(Buffer.concat([...parts, encoder.end()]))
}
