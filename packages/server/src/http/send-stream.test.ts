import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
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
