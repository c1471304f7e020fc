import { parseServerInfo, ProtocolError } from '@tidemark/protocol'
import type { ServerInfo } from '@tidemark/protocol'
import { NetworkError } from '../errors/network-error.ts'
import type { HttpTransport } from './http-transport.ts'
import { decoded } from './response-error.ts'

/** No honest server information is longer, bytes. */
const MAX_INFO_BYTES = 64 * 1024

/** What a server is: a Tidemark server that described itself, or one that speaks Turso's protocol only. */
export type KnownServer = ServerInfo | { readonly turso: true }

/**
 * Asks the server what it is (`GET /tidemark`). One that does not know the question speaks Turso's protocol, if any.
 *
 * @throws as {@link HttpTransport.send}, other than for the statuses that mean "no such endpoint"
 * @throws ProtocolError when the answer is not what it should be
 */
export async function probeServer(transport: HttpTransport, signal: AbortSignal): Promise<KnownServer> {
  try {
    const response = await transport.send({ method: 'get', path: '/tidemark', signal })
    const description = await readJson(response.chunks(), transport.baseUrl)
    return decoded(response.address, () => parseServerInfo(description))
  } catch (error) {
    const isUnknownEndpoint =
      error instanceof NetworkError && (error.code === 'TIDEMARK_NOT_FOUND' || error.status === 405)
    if (isUnknownEndpoint) return { turso: true }
    throw error
  }
}

async function readJson(chunks: AsyncIterable<Uint8Array>, address: string): Promise<unknown> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MAX_INFO_BYTES)
      throw new ProtocolError(`${address} describes itself at too great length`)
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProtocolError(`${address}/tidemark is not JSON`, { cause, code: 'TIDEMARK_NOT_A_SYNC_SERVER' })
  }
}
