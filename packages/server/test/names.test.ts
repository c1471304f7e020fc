import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postJson, rawRequest, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer({ autoCreate: true })
})

afterAll(async () => {
  await server.close()
})

describe('names and paths from outside', () => {
  test.each(['', 'A', '.', '..', '../x', 'a/b', 'a.b', '-a', '_a', 'a'.repeat(64), 'ä', 'a b', 'a\u0000'])(
    'the name %j is refused',
    async (name) => {
      const { status } = await postJson(`${server.url}/admin/v1/databases`, { name })
      expect(status).toBe(400)
      expect(readdirSync(join(server.data, 'databases'))).toEqual([])
    },
  )

  test.each([
    '/db/../tidemark',
    '/db/..%2f..%2fetc/tidemark',
    '/db/%00/tidemark',
    '/db/%ff/tidemark',
    '/db//tidemark',
    '/db/__proto__/tidemark',
    `/db/${'a'.repeat(5000)}/tidemark`,
    '/db/a%2Fb/v2/pipeline',
  ])('the path %s finds nothing, and creates nothing', async (path) => {
    const { status, body } = await rawRequest(server.port, path)
    expect([400, 404, 414]).toContain(status)
    const { error } = JSON.parse(body) as { readonly error?: { readonly code?: string } }
    expect(error?.code).toBeTruthy()
    expect(readdirSync(join(server.data, 'databases'))).toEqual([])
  })

  test('two Host headers are refused, of which a proxy may have gone by the other', async () => {
    for (const path of ['/health', '/nowhere']) {
      const socket = connect(server.port, '127.0.0.1')
      socket.end(`GET ${path} HTTP/1.1\r\nHost: a.localhost\r\nHost: b\r\nConnection: close\r\n\r\n`)
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 [^]*more than one Host/)
    }
  })

  test.each(['{}', 'null', '{"name": 7}', '{"name": "a", "more": 1}', 'x', '[]'])(
    'the body %s is refused',
    async (body) => {
      expect((await postJson(`${server.url}/admin/v1/databases`, body)).status).toBe(400)
    },
  )
})
