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

test('a client that reads no answer before it has sent everything is told that it was too much', async () => {
  const server = await startServer({ autoCreate: true, maxPushBytes: 1000 })
  try {
    const body = Buffer.alloc(12 * 1024 * 1024)
    const socket = connect(server.port, '127.0.0.1')
    const sent = new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      const head = `POST /db/a/push-changes HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`
      socket.write(head)
      socket.write(body, () => resolve())
    })
    await sent
    const answer = Buffer.concat((await socket.toArray()) as Buffer[]).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*12582912 bytes/s)
  } finally {
    await server.close()
  }
})
