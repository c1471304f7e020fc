import { expect, test } from 'vitest'
import { LoopbackServer, readRequest } from '../../test/loopback-server.ts'
import { retryFetch } from './retry-fetch.ts'

function recordingWait(): { waits: number[]; wait: (ms: number) => Promise<void> } {
  const waits: number[] = []
  return { waits, wait: async (ms) => void waits.push(ms) }
}

test('tries 5xx and 429 again with growing waits, body included', async () => {
  const bodies: string[] = []
  const statuses = [503, 429, 200]
  await using server = await LoopbackServer.start((request, response) => {
    void readRequest(request).then((body) => {
      bodies.push(body.toString())
      response.writeHead(statuses[bodies.length - 1] ?? 500).end('done')
    })
  })
  const { waits, wait } = recordingWait()
  const retrying = retryFetch({ wait })
  const response = await retrying(new Request(server.url, { method: 'POST', body: 'question' }))
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('done')
  expect(bodies).toEqual(['question', 'question', 'question'])
  expect(waits).toEqual([500, 1000])
})

test('gives the last answer when the attempts are used up', async () => {
  await using server = await LoopbackServer.start((_request, response) =>
    response.writeHead(500).end('broken'),
  )
  const { waits, wait } = recordingWait()
  const response = await retryFetch({ attempts: 4, delayMs: 10, backoff: 3, wait })(server.url)
  expect(response.status).toBe(500)
  expect(await response.text()).toBe('broken')
  expect(server.requests).toBe(4)
  expect(waits).toEqual([10, 30, 90])
})

test('tries thrown errors again and passes the last one on', async () => {
  let calls = 0
  const failing: typeof fetch = async () => {
    calls += 1
    throw new TypeError(`failure ${calls}`)
  }
  const { wait } = recordingWait()
  await expect(retryFetch({ fetch: failing, wait })('http://db.test/')).rejects.toThrow('failure 3')
})

test('leaves other statuses alone', async () => {
  await using server = await LoopbackServer.start((_request, response) => response.writeHead(404).end())
  expect((await retryFetch()(server.url)).status).toBe(404)
  expect(server.requests).toBe(1)
})

test('does not try an aborted request again', async () => {
  await using server = await LoopbackServer.start(() => undefined)
  const { waits, wait } = recordingWait()
  await expect(retryFetch({ wait })(server.url, { signal: AbortSignal.abort() })).rejects.toThrow('abort')
  expect(waits).toEqual([])
})

test('sends a stream body once', async () => {
  await using server = await LoopbackServer.start((request, response) => {
    request.resume()
    response.writeHead(500).end()
  })
  const body = new Blob(['x']).stream()
  const init: RequestInit = { method: 'POST', body, duplex: 'half' }
  expect((await retryFetch()(server.url, init)).status).toBe(500)
  expect(server.requests).toBe(1)
})

test.for([{ attempts: 0 }, { attempts: 1.5 }, { delayMs: -1 }, { backoff: 0.5 }, { delayMs: Number.NaN }])(
  'refuses %o',
  (options) => {
    expect(() => retryFetch(options)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTIONS' }) as Error)
  },
)
