import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startServer } from './running-server.ts'

const SILENCE_MS = 300

test.each([
  ['its headers', 'POST /db/a/pull-updates HTTP/1.1\r\nhost: localhost\r\n'],
  ['its body', 'POST /db/a/pull-updates HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf'],
])('a client that stops in the middle of %s does not keep its connection', async (_, begin) => {
  const server = await startServer({ autoCreate: true, requestTimeoutMs: SILENCE_MS })
  try {
    const socket = connect(server.port, '127.0.0.1')
    const start = performance.now()
    const closed = new Promise<void>((resolve) => {
      socket.on('close', () => resolve()).on('error', () => {})
    })
    socket.resume().write(begin)
    await closed
    expect(performance.now() - start).toBeLessThan(SILENCE_MS * 10)
  } finally {
    await server.close()
  }
})
