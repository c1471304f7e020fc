import { copyFileSync, existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contentOf, rowsOf, TursoSite } from './turso-site.ts'

/** Loses the answer to the next request of `path` whose body contains `text`. */
function loseAnswer(site: TursoSite, isMeant: (path: string) => boolean): void {
  site.tap.dropAnswer = (_method, path) => {
    if (!isMeant(path)) return false
    site.tap.dropAnswer = () => false
    return true
  }
}

function copyReplica(site: TursoSite, from: string, to: string): void {
  for (const suffix of ['', '-wal', '-info', '-wal-revert'])
    if (existsSync(site.path(from + suffix))) copyFileSync(site.path(from + suffix), site.path(to + suffix))
}

test('the answer to a push is lost: the next attempt learns that the server has it (I3)', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db', { retry: { attempts: 1 } })
  a.exec('CREATE TABLE t (x)')
  await a.push()
  a.exec('INSERT INTO t VALUES (1)')
  // A push asks what the server has of this client, then where rows may go, then sends the batch.
  let requests = 0
  loseAnswer(site, () => (requests += 1) === 3)
  await expect(a.push()).rejects.toMatchObject({ code: 'TIDEMARK_NETWORK', recovery: 'retry' })
  expect(await site.sql('SELECT x FROM t')).toEqual([['1']])
  a.exec('INSERT INTO t VALUES (2)')
  await a.push()
  expect(await site.sql('SELECT x FROM t')).toEqual([['1'], ['2']])
  await a.pull()
  expect(contentOf(a)).toEqual({ t: [{ x: 1 }, { x: 2 }] })
  expect((await a.stats()).cdcOperations).toBe(0)
})

test('the answer to a push is lost, and a pull comes first (I3)', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db', { retry: { attempts: 1 } })
  a.exec('CREATE TABLE t (x)')
  await a.push()
  a.exec('INSERT INTO t VALUES (1)')
  let requests = 0
  loseAnswer(site, () => (requests += 1) === 3)
  await expect(a.push()).rejects.toThrow('cut')
  a.exec('INSERT INTO t VALUES (2)')
  await a.pull()
  expect(contentOf(a)).toEqual({ t: [{ x: 1 }, { x: 2 }] })
  await a.push()
  expect(await site.sql('SELECT x FROM t')).toEqual([['1'], ['2']])
})

test('files that were copied: the second one is told apart, and neither loses anything', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY); CREATE TABLE line (x)`)
  await a.sync()
  a.exec(`INSERT INTO t VALUES ('both'); INSERT INTO line VALUES ('both')`)
  await a.checkpoint()
  a.close()
  copyReplica(site, 'a.db', 'copy.db')
  const first = await site.client('a.db')
  const second = await site.client('copy.db')
  first.exec(`INSERT INTO t VALUES ('first'); INSERT INTO line VALUES ('first')`)
  second.exec(`INSERT INTO t VALUES ('second'); INSERT INTO line VALUES ('second')`)
  await first.push()
  await second.push()
  first.exec(`INSERT INTO t VALUES ('first again')`)
  await first.sync()
  await second.sync()
  expect(contentOf(first)['t']).toEqual(['both', 'first', 'first again', 'second'].map((id) => ({ id })))
  expect(contentOf(second)).toEqual(contentOf(first))
  const clients = await site.sql('SELECT client_id FROM turso_sync_last_change_id')
  expect(clients).toHaveLength(2)
})

test('two copies that push at the same moment: the second finds its place taken inside the batch', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE t (id TEXT PRIMARY KEY)')
  await a.sync()
  await a.checkpoint()
  a.close()
  copyReplica(site, 'a.db', 'copy.db')
  const first = await site.client('a.db')
  // The first copy pushes after the second has read what the server has, and before the second's batch arrives.
  let requests = 0
  const second = await site.client('copy.db', {
    fetch: async (input, init) => {
      if ((input as Request).url.endsWith('/v2/pipeline') && (requests += 1) === 2) await first.push()
      return await fetch(input, init)
    },
  })
  first.exec(`INSERT INTO t VALUES ('first')`)
  second.exec(`INSERT INTO t VALUES ('second')`)
  await second.push()
  expect(await site.sql('SELECT count(*) FROM tidemark_push')).toEqual([['2']])
  expect(await site.sql('SELECT id FROM t ORDER BY id')).toEqual([['first'], ['second']])
  await first.sync()
  await second.sync()
  expect(rowsOf(first, 't')).toEqual(rowsOf(second, 't'))
})

test('a request that arrives late, after its client has tried again, is applied once (I3)', async () => {
  await using site = await TursoSite.start()
  const late: ArrayBuffer[] = []
  const a = await site.client('a.db', {
    fetch: async (input, init) => {
      const request = input as Request
      const body = await request.clone().arrayBuffer()
      if (!Buffer.from(body).includes('INSERT INTO \\"line\\"')) return await fetch(input, init)
      late.push(body)
      if (late.length === 1) throw new TypeError('fetch failed')
      if (late.length === 2) await fetch(request.url, { method: 'POST', body: late[0]! })
      return await fetch(input, init)
    },
  })
  a.exec('CREATE TABLE line (x)')
  await a.sync()
  a.exec(`INSERT INTO line VALUES ('once')`)
  await a.sync()
  expect(late).toHaveLength(2)
  expect(await site.sql('SELECT x FROM line')).toEqual([['once']])
  expect(contentOf(a)).toEqual({ line: [{ x: 'once' }] })
  expect((await a.stats()).cdcOperations).toBe(0)
})
