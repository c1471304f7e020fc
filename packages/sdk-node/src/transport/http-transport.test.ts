import { BusyError, LimitError, ProtocolError } from '@tidemark/protocol'
import { describe, expect, test } from 'vitest'
import { LoopbackServer, readRequest } from '../../test/loopback-server.ts'
import { AuthError } from '../errors/auth-error.ts'
import { NetworkError } from '../errors/network-error.ts'
import { HttpTransport } from './http-transport.ts'
import type { TransportConfig, TransportRequest } from './http-transport.ts'

const open = new AbortController().signal

async function sendAndRead(
  transport: HttpTransport,
  request: Partial<TransportRequest> = {},
): Promise<Buffer> {
  const response = await transport.send({
    method: 'post',
    path: '/x',
    body: Buffer.from('question'),
    signal: open,
    ...request,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of response.chunks()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return await promise.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error as Error,
  )
}

const ways: readonly { readonly by: string; readonly fetch: typeof fetch | null }[] = [
  { by: "Node's client", fetch: null },
  { by: 'a fetch of the application', fetch: async (input, init) => await fetch(input, init) },
]

describe.for(ways)('by $by', (way) => {
  function transportTo(baseUrl: string, config: Partial<TransportConfig> = {}): HttpTransport {
    return new HttpTransport({
      baseUrl,
      authToken: null,
      fetch: way.fetch,
      timeoutMs: 30_000,
      counters: { sentBytes: 0, receivedBytes: 0 },
      ...config,
    })
  }

  describe('a request', () => {
    test('carries the token, asked anew each time, and counts bytes both ways', async () => {
      await using server = await LoopbackServer.start((request, response) => {
        void readRequest(request).then((body) =>
          response.end(`${request.headers.authorization} ${body.toString()}`),
        )
      })
      const counters = { sentBytes: 0, receivedBytes: 0 }
      let asked = 0
      const transport = transportTo(server.url, { counters, authToken: async () => `token${(asked += 1)}` })
      expect((await sendAndRead(transport)).toString()).toBe('Bearer token1 question')
      expect((await sendAndRead(transport)).toString()).toBe('Bearer token2 question')
      expect(counters).toEqual({ sentBytes: 16, receivedBytes: 44 })
    })

    test('gives a token up that never comes, by its deadline and by its signal', async () => {
      const never = (): Promise<string> => new Promise(() => {})
      const late = transportTo('http://127.0.0.1:1', { timeoutMs: 1, authToken: never })
      expect(await failure(sendAndRead(late))).toMatchObject({
        name: 'NetworkError',
        code: 'TIDEMARK_TIMEOUT',
        message: 'authToken gave no token in time',
      })
      const reason = new Error('enough')
      const abort = new AbortController()
      const transport = transportTo('http://127.0.0.1:1', { authToken: never })
      const sending = failure(sendAndRead(transport, { signal: abort.signal }))
      abort.abort(reason)
      expect(await sending).toBe(reason)
    })

    test.for([
      {
        what: 'fails',
        authToken: () => Promise.reject(new Error('signed out')),
        told: { name: 'NetworkError', recovery: 'retry', message: 'authToken gave no token: signed out' },
      },
      {
        what: 'fails as the application says',
        authToken: () => Promise.reject(new AuthError('signed out')),
        told: { name: 'AuthError', message: 'signed out' },
      },
      {
        what: 'gives nothing',
        authToken: () => undefined as unknown as string,
        told: { name: 'OptionsError', option: 'authToken', message: /gave undefined, not a string/ },
      },
      {
        what: 'gives what no header can have',
        authToken: () => 'token\n',
        told: { name: 'OptionsError', option: 'authToken', message: /line break/ },
      },
    ])('says so where authToken $what', async ({ authToken, told: { message, ...told } }) => {
      const error = await failure(sendAndRead(transportTo('http://127.0.0.1:1', { authToken })))
      expect(error).toMatchObject(told)
      expect(error.message).toMatch(message)
    })

    test('streams a body that is made while it is sent', async () => {
      await using server = await LoopbackServer.start((request, response) => {
        void readRequest(request).then((body) => response.end(String(body.byteLength)))
      })
      async function* parts(): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 64; i += 1) yield new Uint8Array(65_536)
      }
      expect((await sendAndRead(transportTo(server.url), { body: parts() })).toString()).toBe(
        String(64 * 65_536),
      )
    })

    test('sends a body that is in a file with its length', async () => {
      const lengths: (string | undefined)[] = []
      await using server = await LoopbackServer.start((request, response) => {
        lengths.push(request.headers['content-length'])
        void readRequest(request).then((body) => response.end(body))
      })
      const answer = await sendAndRead(transportTo(server.url), { body: new Blob(['from ', 'a file']) })
      expect(answer.toString()).toBe('from a file')
      expect(lengths).toEqual(['11'])
    })

    test('makes no more of a body than the server takes (I7)', async () => {
      const arrived = Promise.withResolvers<void>()
      await using server = await LoopbackServer.start(() => arrived.resolve())
      let made = 0
      async function* large(): AsyncGenerator<Uint8Array> {
        for (; made < 256; made += 1) yield new Uint8Array(1024 * 1024)
      }
      const abort = new AbortController()
      const sending = failure(sendAndRead(transportTo(server.url), { body: large(), signal: abort.signal }))
      await arrived.promise
      let before = -1
      await expect.poll(() => before === (before = made)).toBe(true)
      expect(made).toBeLessThan(64)
      abort.abort(new Error('enough'))
      expect(await sending).toMatchObject({ message: 'enough' })
    })

    // The server itself closes such a connection after five seconds.
    test(
      'ends a body that is made while it is sent when the server answers before its end',
      { timeout: 4000 },
      async () => {
        await using server = await LoopbackServer.start((_request, response) => {
          response.writeHead(413).end('too large')
        })
        const ended = Promise.withResolvers<void>()
        async function* endless(): AsyncGenerator<Uint8Array> {
          try {
            for (;;) yield new Uint8Array(16 * 1024)
          } finally {
            ended.resolve()
          }
        }
        expect(await failure(sendAndRead(transportTo(server.url), { body: endless() }))).toBeInstanceOf(
          LimitError,
        )
        await ended.promise
      },
    )

    test('fails as the source of its body fails', async () => {
      await using server = await LoopbackServer.start((request) => request.resume())
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(10)
        throw new ProtocolError('unreadable')
      }
      expect(await failure(sendAndRead(transportTo(server.url), { body: broken() }))).toMatchObject({
        message: expect.stringContaining('unreadable') as string,
      })
    })

    test('does not outlive its signal', async () => {
      await using server = await LoopbackServer.start(() => undefined)
      const reason = new Error('enough')
      const abort = new AbortController()
      const sending = failure(sendAndRead(transportTo(server.url), { signal: abort.signal }))
      abort.abort(reason)
      expect(await sending).toBe(reason)
    })
  })

  describe('an answer that is none becomes a typed error (I8)', () => {
    interface Answer {
      readonly name: string
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
      readonly error: new (...args: never[]) => Error
      readonly fields: Record<string, unknown>
    }
    const json = { 'content-type': 'application/json' }
    const answers: readonly Answer[] = [
      {
        name: 'a wrong token',
        status: 401,
        error: AuthError,
        fields: { code: 'TIDEMARK_AUTH', status: 401, recovery: 'operator' },
      },
      { name: 'a scope that is too small', status: 403, error: AuthError, fields: { status: 403 } },
      {
        name: 'no such database',
        status: 404,
        headers: json,
        body: '{"error":{"code":"TIDEMARK_NO_SUCH_DATABASE","message":"no database nope"}}',
        error: NetworkError,
        fields: {
          code: 'TIDEMARK_NO_SUCH_DATABASE',
          recovery: 'operator',
          message: expect.stringContaining('no database nope'),
        },
      },
      {
        name: 'busy with Retry-After in seconds',
        status: 503,
        headers: { 'retry-after': '7' },
        error: BusyError,
        fields: { code: 'TIDEMARK_SERVER_BUSY', retryAfterMs: 7000, recovery: 'retry' },
      },
      { name: 'too many requests', status: 429, error: BusyError, fields: { retryAfterMs: undefined } },
      { name: 'no such endpoint', status: 404, error: NetworkError, fields: { code: 'TIDEMARK_NOT_FOUND' } },
      {
        name: 'a revision that is gone',
        status: 410,
        error: ProtocolError,
        fields: { code: 'TIDEMARK_REVISION_GONE', recovery: 'pull' },
      },
      { name: 'too large', status: 413, error: LimitError, fields: {} },
      { name: 'malformed', status: 400, error: ProtocolError, fields: {} },
      {
        name: 'a server failure',
        status: 500,
        error: NetworkError,
        fields: { code: 'TIDEMARK_HTTP', recovery: 'retry' },
      },
      {
        name: 'a request that came too slowly',
        status: 408,
        error: NetworkError,
        fields: { code: 'TIDEMARK_HTTP', recovery: 'retry' },
      },
      {
        name: 'a bad gateway with a web page',
        status: 502,
        headers: { 'content-type': 'text/html' },
        body: '<html>',
        error: NetworkError,
        fields: { status: 502 },
      },
      {
        name: 'another status',
        status: 418,
        error: NetworkError,
        fields: { code: 'TIDEMARK_HTTP', recovery: 'operator' },
      },
      {
        name: 'a refusal with a code of its own',
        status: 409,
        body: '{"error":{"code":"TIDEMARK_PUSH_RECORDS","message":"damaged"}}',
        error: NetworkError,
        fields: { code: 'TIDEMARK_PUSH_RECORDS', recovery: 'operator' },
      },
      {
        name: 'a web page with status 200',
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: '<!doctype html><title>Welcome to the airport</title>',
        error: ProtocolError,
        fields: { code: 'TIDEMARK_NOT_A_SYNC_SERVER' },
      },
    ]

    test.for(answers)('$name', async (answer) => {
      await using server = await LoopbackServer.start((request, response) => {
        request.resume()
        response.writeHead(answer.status, answer.headers).end(answer.body)
      })
      const error = await failure(sendAndRead(transportTo(server.url)))
      expect(error).toBeInstanceOf(answer.error)
      expect(error).toMatchObject(answer.fields)
    })

    test('Retry-After as a date is a time from now', async () => {
      const date = new Date(Date.now() + 60_000).toUTCString()
      await using server = await LoopbackServer.start((request, response) => {
        request.resume()
        response.writeHead(503, { 'retry-after': date }).end()
      })
      const error = (await failure(sendAndRead(transportTo(server.url)))) as BusyError
      expect(error.retryAfterMs).toBeGreaterThan(55_000)
      expect(error.retryAfterMs).toBeLessThanOrEqual(60_000)
    })

    test('redirects are not followed, so a loop ends at once and the token goes nowhere else', async () => {
      await using server = await LoopbackServer.start((request, response) => {
        request.resume()
        response.writeHead(307, { location: request.url ?? '' }).end()
      })
      const error = await failure(sendAndRead(transportTo(server.url)))
      expect(error).toMatchObject({ name: 'NetworkError', code: 'TIDEMARK_REDIRECT', recovery: 'operator' })
      expect(server.requests).toBe(1)
    })

    test('a connection refused', async () => {
      const server = await LoopbackServer.start(() => undefined)
      const { url } = server
      await server[Symbol.asyncDispose]()
      const error = await failure(sendAndRead(transportTo(url)))
      expect(error).toMatchObject({ name: 'NetworkError', code: 'TIDEMARK_NETWORK', recovery: 'retry' })
      expect(error.message).toContain('ECONNREFUSED')
    })

    test('a body that is cut', async () => {
      await using server = await LoopbackServer.start((request, response) => {
        request.resume()
        response.writeHead(200, { 'content-length': '100' })
        response.write('half', () => response.destroy())
      })
      const error = await failure(sendAndRead(transportTo(server.url)))
      expect(error).toMatchObject({ name: 'NetworkError', code: 'TIDEMARK_NETWORK', recovery: 'retry' })
    })

    test('a connection closed without an answer', async () => {
      await using server = await LoopbackServer.start((request) => request.destroy())
      expect(await failure(sendAndRead(transportTo(server.url)))).toBeInstanceOf(NetworkError)
    })

    test('a server that says nothing, after the timeout', async () => {
      await using server = await LoopbackServer.start(() => undefined)
      const error = await failure(sendAndRead(transportTo(server.url, { timeoutMs: 20 })))
      expect(error).toMatchObject({ name: 'NetworkError', code: 'TIDEMARK_TIMEOUT', recovery: 'retry' })
    })

    test('a body that stalls, after the timeout', async () => {
      await using server = await LoopbackServer.start((request, response) => {
        request.resume()
        response.writeHead(200)
        response.write('begin')
      })
      const error = await failure(sendAndRead(transportTo(server.url, { timeoutMs: 20 })))
      expect(error).toMatchObject({ code: 'TIDEMARK_TIMEOUT' })
    })

    test('a token function that fails passes its error on', async () => {
      const authToken = async (): Promise<string> => {
        throw new AuthError('signed out')
      }
      expect(await failure(sendAndRead(transportTo('http://127.0.0.1:1', { authToken })))).toMatchObject({
        message: 'signed out',
      })
    })
  })
})

test('a request goes through the fetch of the application', async () => {
  const seen: string[] = []
  const custom: typeof fetch = async (input) => {
    seen.push((input as Request).url)
    return new Response('answer')
  }
  const config = { baseUrl: 'http://db.test/x', authToken: null, fetch: custom, timeoutMs: 30_000 }
  const transport = new HttpTransport({ ...config, counters: { sentBytes: 0, receivedBytes: 0 } })
  expect((await sendAndRead(transport)).toString()).toBe('answer')
  expect(seen).toEqual(['http://db.test/x/x'])
})

const deaf: Record<string, typeof fetch> = {
  'never answers': () => new Promise(() => {}),
  'answers and never ends': async () =>
    new Response(
      new ReadableStream({
        start: (answer) => answer.enqueue(Buffer.from('beginning')),
        cancel: () => new Promise(() => {}),
      }),
    ),
}

test.each(Object.keys(deaf))(
  'a fetch that does not listen to its signal and %s is given up',
  async (what) => {
    const config = { baseUrl: 'http://localhost', authToken: null, timeoutMs: 50 }
    const counters = { sentBytes: 0, receivedBytes: 0 }
    const transport = new HttpTransport({ ...config, counters, fetch: deaf[what]! })
    expect(await failure(sendAndRead(transport))).toMatchObject({ code: 'TIDEMARK_TIMEOUT' })
    const reason = new Error('closed')
    const closing = new AbortController()
    const given = failure(sendAndRead(transport, { signal: closing.signal }))
    closing.abort(reason)
    expect(await given).toBe(reason)
  },
)

test('what such a fetch answers after it was given up is cancelled, as is a web page, whose end nobody waits for', async () => {
  const cancelled: string[] = []
  const answer = (name: string, type: string): Response =>
    new Response(
      new ReadableStream({
        cancel: async () => {
          cancelled.push(name)
          await new Promise<never>(() => {})
        },
      }),
      { headers: { 'content-type': type } },
    )
  const late = Promise.withResolvers<Response>()
  const config = { baseUrl: 'http://localhost', authToken: null, timeoutMs: 30_000 }
  const counters = { sentBytes: 0, receivedBytes: 0 }
  const closing = new AbortController()
  const deafTransport = new HttpTransport({ ...config, counters, fetch: async () => late.promise })
  const given = failure(sendAndRead(deafTransport, { signal: closing.signal }))
  closing.abort(new Error('closed'))
  await given
  late.resolve(answer('late', 'application/protobuf'))
  const proxy = new HttpTransport({ ...config, counters, fetch: async () => answer('page', 'text/html') })
  expect(await failure(sendAndRead(proxy))).toBeInstanceOf(ProtocolError)
  await expect.poll(() => cancelled).toEqual(['late', 'page'])
})
