import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { LoopbackServer, readRequest } from '../../test/loopback-server.ts'
import type { Answer, Outgoing } from './exchange.ts'
import { exchangeByNode } from './node-exchange.ts'

function ask(address: string, outgoing: Partial<Outgoing> = {}): Promise<Answer> {
  const { signal } = new AbortController()
  return exchangeByNode({ address, method: 'get', headers: {}, body: undefined, signal, ...outgoing })
}

async function textOf({ body }: Answer): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test('one request after another goes over the same connection', async () => {
  const sockets = new Set<Socket>()
  await using server = await LoopbackServer.start((request, response) => {
    sockets.add(request.socket)
    void readRequest(request).then((body) => response.end(body))
  })
  for (const text of ['one', 'two', 'three']) {
    const answer = await ask(server.url, { method: 'post', body: Buffer.from(text) })
    expect(await textOf(answer)).toBe(text)
  }
  expect(sockets.size).toBe(1)
})

test('a connection that the server has closed meanwhile is not used again', async () => {
  const sockets: Socket[] = []
  await using server = await LoopbackServer.start((request, response) => {
    sockets.push(request.socket)
    response.end('answer')
  })
  await textOf(await ask(server.url))
  const closed = new Promise((resolve) => {
    sockets[0]!.once('close', resolve)
  })
  sockets[0]!.end()
  await closed
  expect(await textOf(await ask(server.url))).toBe('answer')
  expect(sockets[1]).not.toBe(sockets[0])
})

test('a request on a connection that breaks is not sent again by itself', async () => {
  await using server = await LoopbackServer.start((request, response) => {
    if (server.requests === 1) response.end('answer')
    else request.destroy()
  })
  await textOf(await ask(server.url))
  await expect(ask(server.url, { method: 'post', body: Buffer.from('once') })).rejects.toThrow(
    'socket hang up',
  )
  expect(server.requests).toBe(2)
})

test.for([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
] as const)('a body that a proxy compressed with %s is as it was', async ([encoding, compress]) => {
  await using server = await LoopbackServer.start((_request, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).end(compress('answer'))
  })
  expect(await textOf(await ask(server.url))).toBe('answer')
})

test('a compressed body that is cut is an error (I8)', async () => {
  await using server = await LoopbackServer.start((_request, response) => {
    const whole = gzipSync('answer')
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': whole.length })
    response.write(whole.subarray(0, 12), () => response.destroy())
  })
  await expect(ask(server.url).then(textOf)).rejects.toThrow('aborted')
})

test('a body that had arrived when the request was given up does not look whole', async () => {
  await using server = await LoopbackServer.start((_request, response) => response.end('answer'))
  const abort = new AbortController()
  const answer = await ask(server.url, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(textOf(answer)).rejects.toThrow('enough')
})

test('a signal that outlives many requests is not listened to after their end', async () => {
  await using server = await LoopbackServer.start((_request, response) => response.end('answer'))
  const { signal } = new AbortController()
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...args)
  }
  await textOf(await ask(server.url, { signal }))
  await expect.poll(() => listeners).toBe(0)
})

test('an answer that nobody reads can be given up', async () => {
  await using server = await LoopbackServer.start((_request, response) => {
    response.write('the beginning')
  })
  const answer = await ask(server.url)
  await answer.cancel()
  await expect(textOf(answer)).rejects.toThrow('given up')
})

test.for(['identity', 'gzip'])(
  'a body (%s) that is cut before anybody reads it is an error (I8)',
  async (encoding) => {
    const socket = Promise.withResolvers<Socket>()
    await using server = await LoopbackServer.start((request, response) => {
      socket.resolve(request.socket)
      response.writeHead(200, { 'content-length': 100, 'content-encoding': encoding }).write(gzipSync('half'))
    })
    const answer = await ask(server.url)
    ;(await socket.promise).destroy()
    const cut = new Promise((resolve) => {
      ;(answer.body as Readable).once('close', resolve)
    })
    await cut
    await expect(textOf(answer)).rejects.toThrow('aborted')
  },
)

test('an answer with a status that is none ends the connection (I8)', async () => {
  const closed = Promise.withResolvers<void>()
  await using server = await LoopbackServer.start((request) => {
    request.socket.once('close', closed.resolve)
    request.socket.write('HTTP/1.1 999 Odd\r\ncontent-length: 100\r\n\r\n')
  })
  await expect(ask(server.url)).rejects.toThrow(RangeError)
  await closed.promise
})

test('https speaks TLS', async () => {
  await using server = await LoopbackServer.start((_request, response) => response.end('answer'))
  await expect(ask(server.url.replace('http:', 'https:'))).rejects.toMatchObject({ code: 'EPROTO' })
})
