import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { connectionFailure } from './connection-failure.ts'
import type { Answer, Outgoing } from './exchange.ts'
import { exchangeByFetch } from './fetch-exchange.ts'
import { exchangeByNode } from './node-exchange.ts'

/** What a TLS server says to whoever speaks no TLS: an alert, "unexpected message" (RFC 8446, section 6). */
const TLS_ALERT = Buffer.from([0x15, 3, 1, 0, 2, 2, 10])

type Exchange = (outgoing: Outgoing) => Promise<Answer>

/** What is told of a request to a server that answers with these bytes, whatever it is asked. */
async function failureOf(exchange: Exchange, scheme: string, bytes: Buffer | string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(bytes))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const { signal } = new AbortController()
  try {
    const address = `${scheme}://127.0.0.1:${port}/db/notes`
    await exchange({ address, method: 'get', headers: {}, body: undefined, signal })
    return 'an answer'
  } catch (error) {
    return connectionFailure(error)
  } finally {
    server.close()
  }
}

describe.each<readonly [string, Exchange]>([
  ['Node’s client', exchangeByNode],
  ['fetch', (outgoing) => exchangeByFetch(outgoing, globalThis.fetch)],
])('what %s says of a connection', (_, exchange) => {
  it('names the other scheme where the server speaks no TLS', async () => {
    expect(await failureOf(exchange, 'https', 'HTTP/1.1 400 Bad Request\r\n\r\n')).toContain('try http://')
  })

  it('names the other scheme where the server speaks TLS', async () => {
    expect(await failureOf(exchange, 'http', TLS_ALERT)).toContain('try https://')
  })

  it('gives the reason of one that is cut', async () => {
    expect(await failureOf(exchange, 'http', '')).toMatch(/^cannot be reached, or the connection was cut: .+/)
  })
})
