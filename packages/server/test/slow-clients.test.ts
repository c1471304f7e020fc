import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { encodePullRequest, initProtocol } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import { run, startServer } from './running-server.ts'

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

const MIB = 1024 * 1024

/** A page selector that names all pages there may be, so many times 65,536, as bits. */
function selectorOf(containers: number): Buffer {
  const bits = Buffer.alloc(8 + containers * (4 + 4 + 8192), 0xff)
  bits.writeUInt32LE(12_346, 0)
  bits.writeUInt32LE(containers, 4)
  for (let container = 0; container < containers; container++)
    bits.writeUInt16LE(container, 8 + container * 4)
  return bits
}

/** Sends it and takes nothing but the beginning of the answer. */
async function askAndStop(
  port: number,
  line: string,
  body: Uint8Array,
): Promise<{ readonly socket: Socket; readonly status: number }> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write(`${line} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.byteLength}\r\n\r\n`)
  socket.write(body)
  const beginning = await new Promise<Buffer>((resolve) => {
    socket.once('data', (bytes: Buffer) => {
      socket.pause()
      resolve(bytes)
    })
  })
  return { socket, status: Number(beginning.toString('latin1', 9, 12)) }
}

const CREATE_16_MB = [
  'CREATE TABLE t (x)',
  `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4000)
   INSERT INTO t SELECT randomblob(4000) FROM c`,
]

test('long requests whose answers are taken slowly are not kept, neither by the server nor by its worker', async () => {
  await initProtocol()
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const server = await startServer({ maxWorkerBytes: 320 * MIB })
  try {
    const database = await server.create('a')
    await run(database, ...CREATE_16_MB)
    const body = encodePullRequest({
      encoding: 'raw',
      serverRevision: '',
      clientRevision: '',
      longPollTimeoutMs: 0,
      pageSelector: selectorOf(1900),
      serverQuery: null,
    })
    expect(body.byteLength).toBeGreaterThan(14 * MIB)
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    const sockets: Socket[] = []
    for (let i = 0; i < 20; i++) {
      const { socket, status } = await askAndStop(server.port, 'POST /db/a/pull-updates', body)
      expect(status).toBe(200)
      sockets.push(socket)
    }
    collectGarbage()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * MIB)
    for (const socket of sockets) socket.destroy()
    expect(server.logs.filter(({ msg }) => msg === 'worker ended')).toEqual([])
  } finally {
    await server.close()
  }
}, 60_000)

test('files for replicas of libSQL’s client that are taken slowly are bounded as pulls are, and frames that are few are sent meanwhile', async () => {
  const server = await startServer({ maxWorkerBytes: 384 * MIB })
  try {
    const database = await server.create('a')
    await run(database, ...CREATE_16_MB)
    const { current_generation: generation } = (await (await fetch(`${database}/info`)).json()) as {
      readonly current_generation: number
    }
    const line = `GET /db/a/export/${generation}`
    const asked = await Promise.all(
      Array.from({ length: 160 }, async () => askAndStop(server.port, line, new Uint8Array(0))),
    )
    const served = asked.filter(({ status }) => status === 200)
    expect(asked.length - served.length).toBe(asked.filter(({ status }) => status === 503).length)
    expect(served.length).toBe(128)
    await run(database, 'CREATE TABLE few (x)')
    expect((await fetch(`${database}/sync/${generation}/1/128`)).status).toBe(200)
    for (const { socket } of asked) socket.destroy()
    expect(server.logs.filter(({ msg }) => msg === 'worker ended')).toEqual([])
  } finally {
    await server.close()
  }
}, 60_000)
