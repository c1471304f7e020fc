import {
  decodePullRequest,
  encodePullRequest,
  PAGE_SIZE,
  PROTOCOL_LIMITS,
  PullDecoder,
  PullEncoder,
} from '@tidemark/protocol'
import type { PulledPage } from '@tidemark/protocol'

/** Stands for a server that answers a pull with one damaged page inside valid checksums. */
export class DamagingFetch {
  /** Null: honest. */
  damage: ((page: { readonly pageNumber: number; readonly image: Uint8Array }) => void) | null = null

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    if (this.damage === null || !request.url.endsWith('/pull-updates')) return await fetch(request)
    const { echo: _, ...asked } = decodePullRequest(await request.bytes())
    // All pages, so that they can be read without those of the client.
    const body = encodePullRequest({ ...asked, clientRevision: '' })
    const { url, headers } = request
    headers.delete('content-length')
    const response = await fetch(url, { method: 'POST', headers, body })
    return new Response(this.#damaged(await response.bytes(), this.damage), { headers: response.headers })
  }

  #damaged(body: Uint8Array, damage: NonNullable<DamagingFetch['damage']>): Uint8Array {
    const decoder = new PullDecoder({ oldImage: () => null, pushed: null })
    const encoder = new PullEncoder('tidemark')
    const parts: Uint8Array[] = []
    const pages: PulledPage[] = []
    for (const event of decoder.push(body)) {
      if (event.type === 'header') parts.push(encoder.header(event.header))
      else pages.push({ pageNumber: event.pageNumber, image: Uint8Array.from(event.image), oldImage: null })
    }
    decoder.end()
    for (const page of pages) damage(page)
    for (let start = 0; start < pages.length; start += PROTOCOL_LIMITS.pagesPerGroup)
      parts.push(encoder.pages(pages.slice(start, start + PROTOCOL_LIMITS.pagesPerGroup)))
    return Buffer.concat([...parts, encoder.end()])
  }
}

/** Makes the schema's first page one that begins well. */
export function damageSchema(page: { readonly pageNumber: number; readonly image: Uint8Array }): void {
  if (page.pageNumber === 1) page.image.fill(0xff, 108, 228)
}

export function damagePage(pageNumber: number): NonNullable<DamagingFetch['damage']> {
  return (page) => {
    if (page.pageNumber === pageNumber) page.image.fill(0xa5, 0, PAGE_SIZE)
  }
}
