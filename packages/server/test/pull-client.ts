import { encodePullRequest, PullDecoder } from '@tidemark/protocol'
import type { PullHeader, PullRequest } from '@tidemark/protocol'

export interface Pulled extends PullHeader {
  readonly status: number
  readonly bytes: number
  readonly contentLength: number | null
  readonly pages: ReadonlyMap<number, Buffer>
}

const EVERYTHING: PullRequest = {
  encoding: 'raw',
  serverRevision: '',
  clientRevision: '',
  longPollTimeoutMs: 0,
  pageSelector: null,
  serverQuery: null,
}

export async function requestPull(
  database: string,
  dialect: 'turso' | 'tidemark',
  request: Partial<PullRequest> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${database}/pull-updates`, {
    method: 'POST',
    headers: {
      'content-type': 'application/protobuf',
      ...(dialect === 'tidemark' ? { 'tidemark-dialect': '1' } : {}),
    },
    body: encodePullRequest({ ...EVERYTHING, encoding: dialect === 'tidemark' ? 'zstd' : 'raw', ...request }),
    ...(signal === undefined ? {} : { signal }),
  })
}

/** Pulls and checks the stream; `base` are the pages at the client's revision. */
export async function pull(
  database: string,
  dialect: 'turso' | 'tidemark',
  request: Partial<PullRequest> = {},
  base: ReadonlyMap<number, Buffer> = new Map(),
): Promise<Pulled> {
  const response = await requestPull(database, dialect, request)
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${response.status} ${bytes.toString()}`)
  const decoder = new PullDecoder({ oldImage: (page) => base.get(page) ?? null })
  const pages = new Map<number, Buffer>()
  let header: PullHeader | null = null
  for (const event of decoder.push(bytes)) {
    if (event.type === 'header') ({ header } = event)
    else pages.set(event.pageNumber, Buffer.from(event.image))
  }
  decoder.end()
  const length = response.headers.get('content-length')
  return {
    ...header!,
    status: response.status,
    bytes: bytes.length,
    contentLength: length === null ? null : Number(length),
    pages,
  }
}

/** `base` with what was pulled on top: the client's file. */
export function applied(base: ReadonlyMap<number, Buffer>, pulled: Pulled): Map<number, Buffer> {
  const pages = new Map([...base, ...pulled.pages])
  for (const page of pages.keys()) if (page > pulled.sizeInPages) pages.delete(page)
  return pages
}

export function fileOf(pages: ReadonlyMap<number, Buffer>): Buffer {
  return Buffer.concat(Array.from({ length: pages.size }, (_, index) => pages.get(index + 1)!))
}
