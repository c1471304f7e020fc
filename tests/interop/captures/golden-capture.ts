import type { Exchange } from '@tidemark/testkit'

/** A request of a peer, or a peer's answer, without what differs from run to run. */
export interface GoldenExchange {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON bodies as they are, others as base64. */
  readonly body: unknown
  readonly answer?: { readonly status: number; readonly contentType: string | null; readonly body: unknown }
}

/** Headers that say something about the peer; the others belong to its HTTP library. */
const TELLING_HEADERS = new Set([
  'accept-encoding',
  'authorization',
  'content-type',
  'tidemark-dialect',
  'x-client-version',
  'x-libsql-client-version',
  'x-turso-encryption-cipher',
  'x-turso-encryption-key',
])
/** Generations of embedded replicas are random numbers. */
const GENERATION = /(export|sync)\/\d+/
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** What a peer asked, in order. */
export function requestsOf(exchanges: readonly Exchange[]): GoldenExchange[] {
  return exchanges.map((exchange) => ({
    method: exchange.method,
    path: exchange.path.replace(GENERATION, '$1/0'),
    headers: tellingHeaders(exchange),
    body: bodyOf(exchange.headers['content-type'], exchange.body, volatileWords(exchanges)),
  }))
}

/** What was asked of a peer, and what it answered. */
export function exchangesOf(exchanges: readonly Exchange[]): GoldenExchange[] {
  const volatile = volatileWords(exchanges)
  return requestsOf(exchanges).map((request, index) => {
    const { status, responseHeaders, responseBody } = exchanges[index]!
    const contentType = responseHeaders['content-type'] ?? null
    return {
      ...request,
      answer: { status, contentType, body: bodyOf(contentType ?? undefined, responseBody, volatile) },
    }
  })
}

export function toFile(peer: string, version: string, exchanges: readonly GoldenExchange[]): string {
  return `${JSON.stringify({ peer, version, exchanges }, null, 2)}\n`
}

function tellingHeaders({ headers }: Exchange): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => TELLING_HEADERS.has(name))
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]))
}

function bodyOf(contentType: string | undefined, body: Buffer, volatile: readonly string[]): unknown {
  let text = body.toString('latin1')
  for (const word of volatile) text = text.replaceAll(word, '0'.repeat(word.length))
  if (contentType?.startsWith('application/json') !== true && !text.startsWith('{'))
    return Buffer.from(text, 'latin1').toString('base64')
  text = text.replaceAll(/("query_duration_ms":)[\d.e-]+/g, '$10')
  return JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as unknown
}

/**
 * Random names that peers and servers choose. Each is replaced by zeros of the same length, so that lengths
 * on the wire stay true.
 */
function volatileWords(exchanges: readonly Exchange[]): string[] {
  const words = new Set<string>()
  for (const { body, responseBody } of exchanges) {
    const text = body.toString('latin1') + responseBody.toString('latin1')
    for (const [uuid] of text.matchAll(UUID)) words.add(uuid)
    for (const [, baton] of text.matchAll(/"baton":"([^"]+)"/g)) words.add(baton!)
    for (const [, epoch] of text.matchAll(/([0-9a-f]{16})\.\d+/g)) words.add(epoch!)
  }
  return [...words]
}
