import { loadInfo, ServerProcess } from '@tidemark/testkit'
import { expect, test } from 'vitest'
import { contentOf, rowsOf, TursoSite } from './turso-site.ts'

const ADDRESS = 'http://sync.test'

/** A network in which one address leads to whichever server stands there at the moment. */
class Address {
  target: string
  readonly asked: string[] = []

  constructor(target: string) {
    this.target = target
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const { url, method, headers, body } = new Request(input, init)
    const path = new URL(url).pathname
    this.asked.push(path)
    // With its length: tursodb reads no chunked bodies.
    const whole = body === null ? null : await new Response(body).arrayBuffer()
    return await fetch(this.target + path, { method, headers, body: whole })
  }
}

function rememberedServer(path: string): unknown {
  return loadInfo(`${path}-info`).server
}

test('a Turso server is noticed by itself, asked once, and remembered', async () => {
  await using site = await TursoSite.start()
  const address = new Address(site.url)
  const options = { url: ADDRESS, fetch: address.fetch }
  const a = await site.client('a.db', options)
  a.exec('CREATE TABLE t (x)')
  await a.sync()
  a.close()
  expect(rememberedServer(site.path('a.db'))).toEqual({ turso: true })
  const again = await site.client('a.db', options)
  await again.sync()
  expect(address.asked.filter((path) => path === '/tidemark')).toHaveLength(1)
  const told = await site.client('b.db', { ...options, protocol: 'turso' })
  expect(contentOf(told)).toEqual({ t: [] })
  expect(address.asked.filter((path) => path === '/tidemark')).toHaveLength(1)
})

test('a Turso server becomes a Tidemark server, and the reverse: clients go on, nothing is lost or doubled', async () => {
  await using site = await TursoSite.start()
  await using tidemark = await ServerProcess.start(site.path('tidemark'))
  const address = new Address(site.url)
  const a = await site.client('a.db', { url: ADDRESS, fetch: address.fetch })
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY); CREATE TABLE line (x)`)
  a.exec(`INSERT INTO t VALUES ('1'); INSERT INTO line VALUES ('1')`)
  await a.sync()

  // The operator has moved the rows to a new server.
  const moved = await site.client('moved.db', { url: tidemark.database('moved') })
  moved.exec(`CREATE TABLE t (id TEXT PRIMARY KEY); CREATE TABLE line (x)`)
  moved.exec(`INSERT INTO t VALUES ('1'); INSERT INTO line VALUES ('1')`)
  await moved.sync()
  address.target = tidemark.database('moved')

  a.exec(`INSERT INTO t VALUES ('2'); INSERT INTO line VALUES ('2')`)
  await a.sync()
  // The first pull found a revision that no Turso server has.
  await a.sync()
  expect(rememberedServer(site.path('a.db'))).toMatchObject({ tidemark: 1 })
  await moved.pull()
  expect(contentOf(moved)).toEqual({ line: [{ x: '1' }, { x: '2' }], t: [{ id: '1' }, { id: '2' }] })

  address.target = site.url
  a.exec(`INSERT INTO t VALUES ('3')`)
  await a.push()
  await a.pull()
  expect(await site.sql('SELECT id FROM t')).toContainEqual(['3'])
  expect(rowsOf(a, 't')).toContainEqual({ id: '3' })
})

test('while the address is a Tidemark server, a pull goes on in its own dialect after a Turso server took its place', async () => {
  await using site = await TursoSite.start()
  await using tidemark = await ServerProcess.start(site.path('tidemark'))
  await site.sql('CREATE TABLE t (id TEXT PRIMARY KEY)')
  await site.sql(`INSERT INTO t VALUES ('turso')`)
  const address = new Address(tidemark.database('one'))
  const a = await site.client('a.db', {
    url: ADDRESS,
    fetch: address.fetch,
    retry: { attempts: 2, delayMs: 1 },
  })
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('tidemark')`)
  await a.sync()
  a.exec(`INSERT INTO t VALUES ('pending')`)
  address.target = site.url
  await a.pull()
  await a.sync()
  expect(rowsOf(a, 't')).toEqual([{ id: 'pending' }, { id: 'turso' }])
  expect(await site.sql('SELECT id FROM t ORDER BY id')).toEqual([['pending'], ['turso']])
})
