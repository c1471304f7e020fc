import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { initProtocol } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileOf, pull } from './pull-client.ts'
import { CREATE_ITEMS, encodePush, insertItem, postPush, push, schemaChange } from './push-client.ts'
import { run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

let server: RunningServer

beforeAll(async () => {
  await initProtocol()
  server = await startServer()
})

afterAll(async () => {
  await server.close()
})

describe('damage', () => {
  test('a page that rotted in the history is not served; the next pull has a new history with the same rows', async () => {
    const database = await server.create('rotten')
    await run(database, 'CREATE TABLE t (x)', 'INSERT INTO t VALUES (randomblob(40000))')
    const before = await pull(database, 'turso')
    const [id] = readdirSync(join(server.data, 'databases'))
    const history = join(server.data, 'databases', id!, 'history')
    const path = join(history, readdirSync(history)[0]!)
    const bytes = readFileSync(path)
    bytes[bytes.length - 2000]! ^= 1
    writeFileSync(path, bytes)
    await expect(pull(database, 'turso')).rejects.toThrow(/terminated|fetch failed|503/)
    const after = await pull(database, 'turso', { clientRevision: before.revision })
    expect(after.revision.split('.')[0]).not.toBe(before.revision.split('.')[0])
    expect(after.pages.size).toBe(after.sizeInPages)
    expect(await run(database, 'SELECT length(x) FROM t')).toEqual([[40_000]])
    expect(server.logs).toContainEqual(expect.objectContaining({ msg: 'history is damaged' }))
  })

  test('a connection that is cut in the middle of a body changes nothing and leaves nothing behind', async () => {
    const database = await server.create('cut-off')
    await push(database, {}, [schemaChange(1, CREATE_ITEMS)])
    const body = encodePush({ clientId: 'cut' }, [insertItem(1, 1, 'x'.repeat(100_000))])
    const head = `POST /db/cut-off/push-changes HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
    for (const length of [0, 1, Math.floor(body.length / 2), body.length - 1]) {
      await new Promise((resolve) => {
        const socket = connect(server.port, '127.0.0.1', () => {
          socket.write(head)
          socket.end(body.subarray(0, length))
        })
        socket.on('error', resolve).on('close', resolve).resume()
      })
    }
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[0]])
    expect((await postPush(database, body)).status).toBe(200)
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[1]])
    expect(readdirSync(join(server.data, 'spool'))).toEqual([])
  })

  test('requests that are no HTTP are refused, and the server goes on', async () => {
    const database = await server.create('no-http')
    const answers = [
      '\u0000\u0001\u0002',
      'GET / HTTP/9.9\r\n\r\n',
      `GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
    ].map(
      async (text) =>
        new Promise<string>((resolve) => {
          let answer = ''
          const socket = connect(server.port, '127.0.0.1', () => socket.end(text))
          socket.setEncoding('utf8').on('data', (piece: string) => {
            answer += piece
          })
          socket.on('error', () => {}).on('close', () => resolve(answer))
        }),
    )
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^(?:HTTP\/1.1 4\d\d|$)/)
    expect(fileOf((await pull(database, 'turso')).pages)).toHaveLength(4096)
  })
})
