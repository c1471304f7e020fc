import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { sendStream } from './send-stream.ts'

const SILENCE_MS = 60_000

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('any')
  yield Buffer.from('thing')
}

test.each([
  ['bytes', () => Buffer.from('anything')],
  ['a stream', pieces],
])('a connection is not kept for ever after an answer of %s', async (_, body) => {
  const app = fastify({ keepAliveTimeout: 50 })
  const options = { contentType: 'text/plain', contentLength: 8, silenceMs: SILENCE_MS }
  app.get('/', async (_request, reply) => sendStream(reply, body(), options))
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  // Until the server closes it.
  const received = Buffer.concat((await socket.toArray()) as Buffer[]).toString()
  expect(received).toMatch(/^HTTP\/1\.1 200 .*anything$/s)
  await app.close()
})

const MORE_THAN_SOCKETS_HOLD = 32 * 1024 * 1024

test.each([
  ['bytes', () => Buffer.alloc(MORE_THAN_SOCKETS_HOLD)],
  [
    'a stream',
    async function* large() {
      yield Buffer.alloc(MORE_THAN_SOCKETS_HOLD)
    },
  ],
])('a client that takes nothing of %s is cut off', async (_, body) => {
  const app = fastify()
  const options = { contentType: 'text/plain', contentLength: MORE_THAN_SOCKETS_HOLD, silenceMs: 50 }
  app.get('/', async (_request, reply) => sendStream(reply, body(), options))
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  const [served] = (await once(app.server, 'connection')) as [Socket]
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(served, 'close')
  socket.destroy()
  await app.close()
})
