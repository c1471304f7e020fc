import { cpSync } from 'node:fs'
import { Database } from '@tidemark/sdk-node'
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import { contentOf, rowsOf, TursoSite } from './turso-site.ts'

const FILLER = 'randomblob(3000)'

async function fill(site: TursoSite, rows: number): Promise<void> {
  await site.sql('CREATE TABLE big (id INTEGER PRIMARY KEY, filler)')
  await site.sql(insertBig(rows))
}

function insertBig(rows: number): string {
  return `INSERT INTO big (filler) VALUES ${Array.from({ length: rows }, () => `(${FILLER})`).join()}`
}

/** The answer, of which only the first bytes arrive. */
async function cutAfter(response: Response, bytes: number): Promise<Response> {
  const beginning = new Uint8Array(await response.arrayBuffer()).subarray(0, bytes)
  let isSent = false
  const body = new ReadableStream({
    pull(controller) {
      if (isSent) return controller.error(new Error('cut'))
      isSent = true
      controller.enqueue(beginning)
    },
  })
  return new Response(body, { status: response.status, headers: response.headers })
}

test('a bootstrap and a pull in chunks are of one revision while others write (I4)', async () => {
  await using site = await TursoSite.start()
  await fill(site, 200)
  // Somebody writes, and makes the database larger, before each request for pages.
  let requests = 0
  const writing: typeof fetch = async (input, init) => {
    if ((input as Request).url.endsWith('/pull-updates')) {
      requests += 1
      await site.sql(`UPDATE big SET filler = ${FILLER} WHERE id % 50 = ${requests % 50}`)
      await site.sql(`INSERT INTO big (filler) VALUES (${FILLER}), (${FILLER})`)
    }
    return await fetch(input, init)
  }
  const options = { pullBytesThreshold: 100_000, fetch: writing }
  const a = await site.client('a.db', options)
  expect(requests).toBeGreaterThan(5)
  expect(a.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(a.prepare('SELECT count(*) FROM big').pluck().get()).toBe(202)
  await a.pull()
  expect(a.pragma('integrity_check', { simple: true })).toBe('ok')
  const b = await site.client('b.db')
  await a.pull({ longPollTimeoutMs: 0 })
  expect(Number(a.prepare('SELECT count(*) FROM big').pluck().get())).toBeGreaterThan(
    Number(b.prepare('SELECT count(*) FROM big').pluck().get()) - 1,
  )
})

test('only pages that changed are pulled, and nothing when nothing did', async () => {
  await using site = await TursoSite.start()
  await fill(site, 500)
  const a = await site.client('a.db')
  const whole = (await a.stats()).networkReceivedBytes
  await site.sql(`UPDATE big SET filler = ${FILLER} WHERE id = 250`)
  expect(await a.pull()).toBe(true)
  const { networkReceivedBytes, revision } = await a.stats()
  expect(networkReceivedBytes - whole).toBeLessThan(10 * 4096)
  expect(await a.pull()).toBe(false)
  expect((await a.stats()).revision).toBe(revision)
})

test('a first pull tells of something new only where the server has something', async () => {
  await using site = await TursoSite.start()
  const a = new Database({ path: site.path('a.db'), url: site.url })
  const first = await a.pull().finally(() => a.close())
  await fill(site, 1)
  const b = new Database({ path: site.path('b.db'), url: site.url })
  const second = await b.pull().finally(() => b.close())
  expect([first, second]).toEqual([false, true])
})

test('a long poll waits for the next change, on a server that answers at once', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE t (x)')
  await a.sync()
  const b = await site.client('b.db')
  const asked = site.tap.exchanges.length
  const pulling = b.pull({ longPollTimeoutMs: 20_000 })
  await expect.poll(() => site.tap.exchanges.length).toBeGreaterThan(asked)
  a.exec('INSERT INTO t VALUES (1)')
  await a.push()
  expect(await pulling).toBe(true)
  expect(contentOf(b)).toEqual({ t: [{ x: 1 }] })
  expect(site.tap.exchanges.length - asked).toBeLessThan(20)
  expect(await b.pull({ longPollTimeoutMs: 600 })).toBe(false)
})

test('restart and kill -9 of the server, checkpoint and restart of the client: both go on from where they were', async () => {
  await using site = await TursoSite.start()
  let a = await site.client('a.db')
  a.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, x)')
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    a.exec('INSERT INTO t (x) VALUES (1)')
    await a.push()
    await site.restart(signal)
    await site.sql('INSERT INTO t (x) VALUES (2)')
    a.exec('UPDATE t SET x = 3 WHERE x = 1')
    await a.checkpoint()
    a.close()
    a = await site.client('a.db')
    await a.sync()
    await a.checkpoint()
  }
  const pages = (await a.stats()).pagesPulled
  expect(pages).toBeLessThan(20)
  expect(a.prepare('SELECT x, count(*) AS n FROM t GROUP BY x').all()).toEqual([
    { x: 2, n: 2 },
    { x: 3, n: 2 },
  ])
  expect(contentOf(await site.client('b.db'))).toEqual(contentOf(a))
})

test('after another program has checkpointed the replica, everything is fetched again and what is pending stays', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('pushed')`)
  await a.sync()
  a.exec(`INSERT INTO t VALUES ('pending')`)
  a.close()
  const other = new BetterSqlite3(site.path('a.db'))
  other.exec(`INSERT INTO t VALUES ('by another program')`)
  other.pragma('wal_checkpoint(TRUNCATE)')
  other.close()
  await site.sql(`INSERT INTO t VALUES ('remote')`)
  const again = await site.client('a.db')
  await again.sync()
  expect(contentOf(again)['t']).toEqual(
    ['by another program', 'pending', 'pushed', 'remote'].map((id) => ({ id })),
  )
  expect(contentOf(await site.client('b.db'))).toEqual(contentOf(again))
})

test('a server whose WAL started over is noticed, also when it has grown past the revision of the replica', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY, x); INSERT INTO t VALUES ('old', 1)`)
  await a.sync()
  a.exec(`INSERT INTO t VALUES ('pending', 1)`)
  // Another database at the same address, with a longer history.
  await site.replaceServer('other.db')
  await site.sql('CREATE TABLE t (id TEXT PRIMARY KEY, x)')
  for (let i = 0; i < 20; i += 1) await site.sql(`INSERT INTO t VALUES ('new ${i}', 2)`)
  expect(Number((await a.stats()).revision)).toBeLessThan(20)
  await a.sync()
  expect(a.prepare('SELECT count(*) FROM t WHERE x = 2').pluck().get()).toBe(20)
  expect(a.prepare('SELECT id FROM t WHERE x = 1').pluck().all()).toEqual(['pending'])
  // And back, to one with a shorter history.
  await site.replaceServer('server.db')
  await a.sync()
  expect(a.prepare('SELECT id FROM t ORDER BY id').pluck().all()).toEqual(['old'])
})

test('a pull whose first answer is cut, of a server with another history: what follows is not taken for a part of the old one (I4)', async () => {
  await using site = await TursoSite.start()
  await fill(site, 20)
  let isToBeCut = false
  const a = await site.client('a.db', {
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (!isToBeCut) return response
      isToBeCut = false
      return cutAfter(response, 5 * 4200)
    },
  })
  a.exec(`INSERT INTO big VALUES (900, 'pending')`)
  await site.replaceServer('other.db')
  await site.sql('CREATE TABLE line (x)')
  await fill(site, 200)
  for (let i = 0; i < 60; i += 1) await site.sql(`INSERT INTO line VALUES (${i})`)
  isToBeCut = true
  await a.pull()
  expect(isToBeCut).toBe(false)
  expect(a.pragma('integrity_check', { simple: true })).toBe('ok')
  await a.push()
  expect(contentOf(await site.client('b.db'))).toEqual(contentOf(a))
})

test('a base that has to be found again at its own revision is, on a server that has grown since, or has another history', async () => {
  for (const isOther of [false, true]) {
    await using site = await TursoSite.start()
    await fill(site, 20)
    const a = await site.client('a.db')
    a.exec('CREATE TABLE line (x)')
    await a.sync()
    a.close()
    // While it is closed: changes under a trigger that nobody knows, and a checkpoint.
    const other = new BetterSqlite3(site.path('a.db'))
    other.exec('CREATE TRIGGER noted AFTER INSERT ON big BEGIN INSERT INTO line VALUES (new.id); END')
    other.exec(`INSERT INTO big VALUES (900, 'by another program')`)
    other.pragma('wal_checkpoint(TRUNCATE)')
    other.close()
    if (isOther) {
      await site.replaceServer('other.db')
      await site.sql('CREATE TABLE line (x)')
      await fill(site, 1)
    } else await site.sql(insertBig(200))
    const again = await site.client('a.db', { retry: { attempts: 1 } })
    await again.sync()
    expect(await site.sql('SELECT x FROM line')).toEqual([['900']])
    expect(again.prepare('SELECT count(*) FROM big').pluck().get()).toBeGreaterThan(isOther ? 1 : 220)
    expect(rowsOf(await site.client('b.db'), 'big')).toEqual(rowsOf(again, 'big'))
  }
})

test('a server of another history that is replaced by one that has come just as far as the replica', async () => {
  await using site = await TursoSite.start()
  await fill(site, 20)
  const observer = await site.client('observer.db')
  const revisionOf = async (): Promise<number> => {
    await observer.reset({ keepPending: false })
    return Number((await observer.stats()).revision)
  }
  let pulls = Number.MIN_SAFE_INTEGER
  const a = await site.client('a.db', {
    retry: { attempts: 1 },
    // What shows that the history is another one arrives, and nothing behind it.
    fetch: async (input, init) => {
      if ((input as Request).url.endsWith('/pull-updates') && ++pulls > 2) throw new TypeError('cut')
      return await fetch(input, init)
    },
  })
  const { revision } = await a.stats()
  await site.replaceServer('longer.db')
  await fill(site, 200)
  pulls = 0
  await expect(a.pull()).rejects.toMatchObject({ code: 'TIDEMARK_NETWORK' })
  pulls = Number.MIN_SAFE_INTEGER
  await site.replaceServer('equal.db')
  await site.sql('CREATE TABLE big (id INTEGER PRIMARY KEY, filler)')
  while ((await revisionOf()) < Number(revision)) await site.sql('INSERT INTO big DEFAULT VALUES')
  expect(await revisionOf()).toBe(Number(revision))
  expect(await a.pull()).toBe(false)
  await site.sql('INSERT INTO big DEFAULT VALUES')
  expect(await a.pull()).toBe(true)
  expect(contentOf(a)).toEqual(contentOf(await site.client('b.db')))
})

test('a server that has lost its newest writes, and as many others since, is noticed by the next change', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec('CREATE TABLE t (id TEXT PRIMARY KEY); CREATE TABLE state (x); INSERT INTO state VALUES (0)')
  await a.sync()
  const b = await site.client('b.db')
  for (const [client, id] of [
    [a, 'of a'],
    [b, 'of b'],
  ] as const) {
    client.exec(`INSERT INTO t VALUES ('${id}')`)
    await client.sync()
  }
  for (const end of ['', '-wal']) cpSync(site.path(`server.db${end}`), site.path(`backup.db${end}`))
  a.exec(`BEGIN; INSERT INTO t VALUES ('lost'); UPDATE state SET x = 1; COMMIT`)
  await a.sync()
  const { revision } = await a.stats()
  await site.replaceServer('backup.db')
  await b.sync()
  b.exec(`BEGIN; INSERT INTO t VALUES ('instead'); UPDATE state SET x = 1; COMMIT`)
  await b.sync()
  expect((await b.stats()).revision).toBe(revision)
  b.exec('UPDATE state SET x = 2')
  await b.push()
  await a.sync()
  expect(contentOf(a)).toEqual({
    t: ['instead', 'of a', 'of b'].map((id) => ({ id })),
    state: [{ x: 2 }],
  })
})

test('a server that has checkpointed its pages away cannot serve them: a typed error, and the replica stays as it was', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('x')`)
  await a.sync()
  await site.sql('PRAGMA wal_checkpoint(TRUNCATE)')
  const before = contentOf(a)
  await expect(a.pull()).rejects.toMatchObject({ name: 'ProtocolError' })
  await site.sql(`INSERT INTO t VALUES ('y')`)
  for (const file of ['a.db', 'b.db'])
    await expect(site.client(file).then(async (db) => await db.pull())).rejects.toMatchObject({
      code: 'TIDEMARK_SERVER_INCOMPLETE',
      recovery: 'operator',
    })
  expect(contentOf(a)).toEqual(before)
  a.exec(`INSERT INTO t VALUES ('local')`)
  expect(contentOf(a)['t']).toHaveLength(2)
})

test('a pull in chunks from a server that has checkpointed its pages away: they are not made up for by those of the replica', async () => {
  await using site = await TursoSite.start()
  await fill(site, 200)
  const a = await site.client('a.db', { pullBytesThreshold: 16 * 4096 })
  await site.sql(`UPDATE big SET filler = 'changed'`)
  await site.sql('PRAGMA wal_checkpoint(TRUNCATE)')
  await site.sql(insertBig(1))
  const before = contentOf(a)
  const isIncomplete = { code: 'TIDEMARK_SERVER_INCOMPLETE', recovery: 'operator' }
  await expect(a.pull()).rejects.toMatchObject(isIncomplete)
  expect(contentOf(a)).toEqual(before)
  const chunks = { pullBytesThreshold: 16 * 4096 }
  await expect(site.client('b.db', chunks)).rejects.toMatchObject(isIncomplete)
})

test('a reset to a server that has nothing yet: a typed error, and what is pending stays', async () => {
  await using site = await TursoSite.start()
  const a = await site.client('a.db')
  a.exec(`CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('x')`)
  for (const keepPending of [true, false])
    await expect(a.reset({ keepPending })).rejects.toMatchObject({ code: 'TIDEMARK_SERVER_INCOMPLETE' })
  expect(await a.pending()).toHaveLength(2)
  await a.sync()
  await a.reset()
  expect(contentOf(a)).toEqual({ t: [{ id: 'x' }] })
})

test('a large open transaction of another program does not show', async () => {
  await using site = await TursoSite.start()
  await fill(site, 10)
  const a = await site.client('a.db', { retry: { attempts: 2, delayMs: 1, maxDelayMs: 1 } })
  await site.sql('BEGIN')
  await site.sql(insertBig(4000))
  await expect(a.pull()).rejects.toMatchObject({ name: 'BusyError', code: 'TIDEMARK_SERVER_BUSY' })
  await site.sql('ROLLBACK')
  await site.sql(`INSERT INTO big (filler) VALUES (${FILLER})`)
  await a.pull()
  expect(a.prepare('SELECT count(*) FROM big').pluck().get()).toBe(11)
})
