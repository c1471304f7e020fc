import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BodyMemory } from './body-memory.ts'
import { withBody } from './read-body.ts'

const MEMORY_BYTES = 1_000_000
const MAX_BYTES = 20_000_000

/** What is done with a body. */
let use: (body: Buffer) => Promise<number>
let memory: BodyMemory
let port: number
let server: ReturnType<typeof createServer>

beforeEach(async () => {
  use = async (body) => Promise.resolve(body.length)
  memory = new BodyMemory(MEMORY_BYTES)
  server = createServer((request, response) => {
    const limits = { maxBytes: MAX_BYTES, silenceMs: 60_000, memory }
    void withBody(request, limits, async (body) => use(body)).then(
      (length) => response.end(String(length)),
      (error: unknown) => response.writeHead(503).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  ;({ port } = server.address() as AddressInfo)
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function send(bytes: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: Buffer.alloc(bytes) })
  await response.text()
  return response.status
}

/** But for what is less than a large body. */
function isMemoryTaken(): boolean {
  if (!memory.take(50_000)) return true
  memory.release(50_000)
  return false
}

test('a large body that comes slowly keeps out other large ones, not short ones', async () => {
  expect(await send(100_000)).toBe(200)
  const socket = connect(port, '127.0.0.1')
  socket.write(`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${2 * MEMORY_BYTES}\r\n\r\n`)
  socket.write(Buffer.alloc(MEMORY_BYTES))
  await expect.poll(isMemoryTaken).toBe(true)
  expect([await send(16_000), await send(100_000)]).toEqual([200, 503])
  socket.destroy()
})

test('a body that came in pieces is kept once while it is used', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const keptBytes = (): number => {
    // The second waits for what the first still frees.
    for (let round = 0; round < 2; round++) collectGarbage()
    return process.memoryUsage().arrayBuffers
  }
  let keptInUse = 0
  use = async ({ length }) => {
    // The pieces' last reader ends with this turn of the loop.
    await new Promise(setImmediate)
    keptInUse = keptBytes()
    return length
  }
  memory = new BodyMemory(MAX_BYTES)
  const keptBefore = keptBytes()
  const socket = connect(port, '127.0.0.1')
  socket.write(`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${MAX_BYTES}\r\n\r\n`)
  const piece = Buffer.alloc(MAX_BYTES / 200)
  for (let count = 0; count < 200; count++) socket.write(piece)
  await once(socket, 'data')
  socket.destroy()
  expect(keptInUse - keptBefore).toBeLessThan(1.5 * MAX_BYTES)
})
