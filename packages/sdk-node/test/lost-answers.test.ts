import { describe, expect, test } from 'vitest'
import type { Conflict } from '../src/index.ts'
import { contentOf, OwnSyncServer, SyncServer } from './sync-server.ts'

describe('an answer that gets lost', () => {
  /** A fetch that lets one request of `path` reach the server and loses the answer. */
  function losing(path: string): { fetch: typeof fetch; lose: () => void } {
    let armed = false
    return {
      lose: () => (armed = true),
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (!armed || !(input as Request).url.endsWith(path)) return response
        armed = false
        await response.arrayBuffer()
        throw new TypeError('fetch failed')
      },
    }
  }

  test('after a push: the next attempt learns that the server has it, nothing is applied twice (I3)', async () => {
    await using server = new SyncServer()
    const { fetch: custom, lose } = losing('/push-changes')
    const a = await server.client('a.db', { fetch: custom, retry: { attempts: 1 } })
    a.exec('CREATE TABLE t (a)')
    await a.push()
    a.exec('INSERT INTO t VALUES (1)')
    lose()
    await expect(a.push()).rejects.toMatchObject({ code: 'TIDEMARK_NETWORK', recovery: 'retry' })
    a.exec('INSERT INTO t VALUES (2)')
    await a.push()
    await a.push()
    expect(contentOf(await server.client('b.db'))).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    await a.pull()
    expect(contentOf(a)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    expect((await a.stats()).cdcOperations).toBe(0)
  })

  test('after a push, and a pull comes first (I3)', async () => {
    await using server = new SyncServer()
    const { fetch: custom, lose } = losing('/push-changes')
    const a = await server.client('a.db', { fetch: custom, retry: { attempts: 1 } })
    a.exec('CREATE TABLE t (a)')
    await a.push()
    a.exec('INSERT INTO t VALUES (1)')
    lose()
    await expect(a.push()).rejects.toThrow('cut')
    a.exec('INSERT INTO t VALUES (2)')
    await a.pull()
    expect(contentOf(a)).toEqual({ t: [{ a: 1n }, { a: 2n }] })
    await a.push()
    expect(contentOf(await server.client('b.db'))).toEqual({ t: [{ a: 1n }, { a: 2n }] })
  })

  test('after a push, and the next attempt must checkpoint first (I3)', async () => {
    await using server = await OwnSyncServer.start({ maxWalPages: 30 })
    const { fetch: custom, lose } = losing('/push-changes')
    const a = await server.client('a.db', { fetch: custom, retry: { attempts: 1 } })
    a.exec('CREATE TABLE t (a)')
    await a.push()
    a.exec('INSERT INTO t VALUES (1)')
    lose()
    await expect(a.push()).rejects.toThrow('cut')
    for (let i = 2; i <= 20; i += 1) a.exec(`INSERT INTO t VALUES (${i})`)
    await a.push()
    await a.pull()
    const numbers = Array.from({ length: 20 }, (_, i) => ({ a: BigInt(i + 1) }))
    expect(contentOf(a)).toEqual({ t: numbers })
    expect(contentOf(await server.client('b.db'))).toEqual({ t: numbers })
  })

  test.each(['push', 'pull', 'pull, push, pull'])(
    'what a push has overwritten is told once, by the next %s',
    async (next) => {
      await using server = new SyncServer()
      const { fetch: custom, lose } = losing('/push-changes')
      const seen: Conflict[] = []
      const other = await server.client('other.db')
      other.exec("CREATE TABLE note (id INTEGER PRIMARY KEY, body); INSERT INTO note VALUES (1, 'first')")
      await other.push()
      const a = await server.client('a.db', {
        fetch: custom,
        retry: { attempts: 1 },
        onConflict: (conflict) => seen.push(conflict),
      })
      other.exec("UPDATE note SET body = 'theirs'")
      await other.push()
      a.exec("UPDATE note SET body = 'ours'")
      lose()
      await expect(a.push()).rejects.toMatchObject({ code: 'TIDEMARK_NETWORK' })
      expect(seen).toEqual([])
      let told = 0
      for (const operation of next.split(', ')) {
        if (operation === 'pull') await a.pull()
        else told += (await a.push()).conflictCount
      }
      expect(seen).toMatchObject([
        {
          kind: 'update/update',
          base: { body: 'first' },
          local: { body: 'ours' },
          remote: { body: 'theirs' },
        },
      ])
      expect(told).toBe(next === 'push' ? 1 : 0)
      expect((await a.stats()).conflicts).toBe(1)
      a.exec("INSERT INTO note VALUES (2, 'later')")
      expect((await a.push()).conflicts).toEqual([])
      expect(seen).toHaveLength(1)
    },
  )

  test('a push is tried again by itself', async () => {
    await using server = new SyncServer()
    const { fetch: custom, lose } = losing('/push-changes')
    const a = await server.client('a.db', { fetch: custom })
    const busy: unknown[] = []
    a.on('busy', (event) => busy.push(event))
    a.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
    lose()
    await a.push()
    expect(busy).toMatchObject([{ operation: 'push', error: { code: 'TIDEMARK_NETWORK' }, waitMs: 1 }])
    expect(contentOf(await server.client('b.db'))).toEqual({ t: [{ a: 1n }] })
  })

  test('a pull that is cut goes on where it was (I4)', async () => {
    await using server = new SyncServer()
    const a = await server.client('a.db')
    a.exec('CREATE TABLE big (id INTEGER PRIMARY KEY, filler BLOB)')
    a.transaction(() => {
      for (let i = 0; i < 300; i += 1) a.prepare('INSERT INTO big (filler) VALUES (randomblob(4000))').run()
    })()
    await a.push()
    const { networkReceivedBytes: whole } = await (await server.client('b.db')).stats()
    let cuts = 0
    const cutting: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (!(input as Request).url.endsWith('/pull-updates') || cuts === 3 || response.body === null)
        return response
      cuts += 1
      let left = whole / 4
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          left -= chunk.byteLength
          if (left < 0) controller.error(new TypeError('terminated'))
          else controller.enqueue(chunk)
        },
      })
      return new Response(response.body.pipeThrough(cut), {
        status: response.status,
        headers: response.headers,
      })
    }
    const c = await server.client('c.db', { fetch: cutting })
    expect(cuts).toBe(3)
    expect(contentOf(c)).toEqual(contentOf(a))
    expect((await c.stats()).networkReceivedBytes).toBeLessThan(whole * 1.5)
  })
})
