import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { decodePushResponse, encodeDelimited, initProtocol } from '@tidemark/protocol'
import type { Change } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pull } from './pull-client.ts'
import {
  CREATE_ITEMS,
  encodePush,
  insertItem,
  ITEMS,
  postPush,
  push,
  pushId,
  schemaChange,
} from './push-client.ts'
import { rawRequest, run, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

let server: RunningServer

beforeAll(async () => {
  await initProtocol()
  server = await startServer({ maxPushBytes: 32 * 1024 * 1024, maxWalPages: 500 })
})

afterAll(async () => {
  await server.close()
})

const FIRST: readonly Change[] = [
  schemaChange(1, CREATE_ITEMS),
  insertItem(2, 1, 'one'),
  insertItem(3, 2, 'two'),
]

async function pushed(name: string): Promise<string> {
  const database = await server.create(name)
  expect(await push(database, {}, FIRST)).toMatchObject({ type: 'ok' })
  return database
}

async function items(database: string): Promise<unknown> {
  return run(database, 'SELECT id, body FROM item ORDER BY id')
}

describe('POST /push-changes', () => {
  test('a push is applied, and its answer names the revision that a pull then gives', async () => {
    const database = await server.create('apply')
    const answer = await push(database, {}, FIRST)
    expect(answer).toMatchObject({ type: 'ok', lastChangeId: 3, overwrittenCount: 0 })
    expect(await items(database)).toEqual([
      [1, 'one'],
      [2, 'two'],
    ])
    expect(answer).toMatchObject({ revision: (await pull(database, 'tidemark')).revision })
  })

  test('a push that is sent again is not applied again (I3)', async () => {
    const database = await pushed('again')
    await run(database, 'DELETE FROM item')
    expect(await push(database, {}, FIRST)).toMatchObject({ type: 'already-applied', lastChangeId: 3 })
    expect(await items(database)).toEqual([])
  })

  test('where SQL has damaged the records of pushes, a push is answered 409 and nothing is applied', async () => {
    const database = await pushed('records')
    await run(database, "UPDATE tidemark_push SET push_id = 'damaged'")
    const next = { pushId: pushId(2), previousPushId: pushId(1) }
    const response = await postPush(database, encodePush(next, [insertItem(4, 3, 'three')]))
    expect([response.status, await response.json()]).toMatchObject([409, { code: 'TIDEMARK_PUSH_RECORDS' }])
    expect(await items(database)).toHaveLength(2)
  })

  test('a copy of a client that pushes from an old state is told that it forked', async () => {
    const database = await pushed('forked')
    const second = { pushId: pushId(2), previousPushId: pushId(1) }
    expect(await push(database, second, [insertItem(4, 3, 'three')])).toMatchObject({ type: 'ok' })
    const copy = { pushId: pushId(3), previousPushId: pushId(1) }
    expect(await push(database, copy, [insertItem(4, 9, 'nine')])).toEqual({ type: 'forked' })
    expect(await items(database)).toHaveLength(3)
  })

  test('a change that cannot be applied rejects the batch; nothing of it is there (I5)', async () => {
    const database = await pushed('rejected')
    await run(
      database,
      'CREATE TRIGGER no_bad BEFORE INSERT ON item BEGIN SELECT 1; END',
      'CREATE UNIQUE INDEX item_body ON item (body)',
    )
    const { revision } = await pull(database, 'tidemark')
    const header = { pushId: pushId(2), previousPushId: pushId(1) }
    const answer = await push(database, header, [
      insertItem(4, 3, 'three'),
      schemaChange(5, 'CREATE TABLE more (x)'),
      insertItem(6, 4, 'one'),
    ])
    expect(answer).toMatchObject({
      type: 'rejected',
      changeId: 6,
      table: 'item',
      sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
    })
    expect(await items(database)).toHaveLength(2)
    expect(await run(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'")).toEqual([[0]])
    expect((await pull(database, 'tidemark')).revision).toBe(revision)
  })

  test('a client with a long WAL is told to checkpoint first', async () => {
    const database = await server.create('long-wal')
    expect(await push(database, { walPages: 501 }, FIRST)).toEqual({
      type: 'checkpoint-needed',
      maxWalPages: 500,
    })
    await expect(items(database)).rejects.toThrow('no such table')
  })

  test('the database’s own triggers do not fire again', async () => {
    const database = await pushed('triggers')
    await run(
      database,
      'CREATE TABLE log (id)',
      'CREATE TRIGGER item_log AFTER INSERT ON item BEGIN INSERT INTO log VALUES (new.id); END',
    )
    const header = { pushId: pushId(2), previousPushId: pushId(1) }
    await push(database, header, [insertItem(4, 3, 'three')])
    expect(await run(database, 'SELECT count(*) FROM log')).toEqual([[0]])
    await run(database, 'INSERT INTO item VALUES (4, 4)')
    expect(await run(database, 'SELECT id FROM log')).toEqual([[4]])
  })

  test('a body cut anywhere is refused and nothing of it is applied (I8)', async () => {
    const database = await server.create('cut')
    const body = encodePush({}, FIRST)
    const cuts = Array.from({ length: 16 }, (_, index) => Math.floor((body.length * index) / 16))
    for (const length of [...cuts, body.length - 1]) {
      const response = await postPush(database, body.subarray(0, length))
      expect([length, response.status]).toEqual([length, 400])
    }
    await expect(items(database)).rejects.toThrow('no such table')
  })

  test('a body that is cut behind what its answer follows from is no push all the same (I8)', async () => {
    const database = await pushed('cut-behind')
    const next = { pushId: pushId(2), previousPushId: pushId(1) }
    const answers: readonly (readonly [string, Buffer])[] = [
      ['already-applied', encodePush({}, FIRST)],
      ['forked', encodePush({ pushId: pushId(3), previousPushId: pushId(9) }, [insertItem(4, 3, 'three')])],
      ['checkpoint-needed', encodePush({ ...next, walPages: 501 }, [insertItem(4, 3, 'three')])],
      ['rejected', encodePush(next, [insertItem(4, 3, 'x', { ...ITEMS, name: 'none' })])],
    ]
    for (const [type, body] of answers) {
      const cut = await postPush(database, body.subarray(0, -1))
      expect([type, cut.status]).toEqual([type, 400])
      const whole = await postPush(database, body)
      expect(decodePushResponse(new Uint8Array(await whole.arrayBuffer())).type).toBe(type)
    }
    expect(await items(database)).toHaveLength(2)
  })

  test('a body with a flipped bit is refused and nothing of it is applied (I8)', async () => {
    const database = await server.create('flipped')
    const body = encodePush({}, FIRST)
    for (let at = 0; at < body.length; at += 7) {
      const damaged = Buffer.from(body)
      damaged[at]! ^= 4
      const { status } = await postPush(database, damaged)
      expect([at, status === 400 || status === 413]).toEqual([at, true])
    }
    await expect(items(database)).rejects.toThrow('no such table')
  })

  test('a body larger than is accepted is refused while it is received', async () => {
    const database = await server.create('too-large')
    const body = encodePush({}, [insertItem(1, 1, randomBytes(33 * 1024 * 1024))])
    expect(
      (await rawRequest(server.port, '/db/too-large/push-changes', { method: 'POST', body })).status,
    ).toBe(413)
    const chunked = { method: 'POST', body, headers: { 'transfer-encoding': 'chunked' } }
    const { status } = await rawRequest(server.port, '/db/too-large/push-changes', chunked)
    expect(status).toBe(413)
    expect(await run(database, 'SELECT 1')).toEqual([[1]])
  })

  test('a message that claims to be huge is refused before memory is taken for it', async () => {
    const database = await server.create('huge')
    const response = await postPush(database, Buffer.from('ffffffffff0f0a', 'hex'))
    expect([400, 413]).toContain(response.status)
  })

  test('a small block that decompresses to a giant is refused (zstd bomb)', async () => {
    const body = encodePush({}, [schemaChange(1, CREATE_ITEMS), insertItem(2, 1, '0'.repeat(20_000_000))])
    expect(body.length).toBeLessThan(100_000)
    const bomb = await startServer({ maxPushBlockBytes: 1024 * 1024 })
    try {
      const target = await bomb.create('bomb')
      expect((await postPush(target, body)).status).toBe(413)
    } finally {
      await bomb.close()
    }
  })

  test('a large body waits in a file, which is gone afterwards', async () => {
    const database = await server.create('spooled')
    const changes: Change[] = [schemaChange(1, CREATE_ITEMS)]
    const random = Buffer.alloc(512 * 1024)
    for (let id = 1; id <= 20; id++) {
      for (let at = 0; at < random.length; at += 65_536)
        crypto.getRandomValues(random.subarray(at, at + 65_536))
      changes.push(insertItem(id + 1, id, Uint8Array.from(random)))
    }
    expect(await push(database, {}, changes)).toMatchObject({ type: 'ok' })
    expect(await run(database, 'SELECT sum(length(body)) FROM item')).toEqual([[20 * 512 * 1024]])
    expect(readdirSync(join(server.data, 'spool'))).toEqual([])
  })

  test('pushes of many clients at once are all applied, each once (I3)', async () => {
    const database = await pushed('many')
    const clients = Array.from({ length: 12 }, (_, index) => index)
    const answers = await Promise.all(
      clients.map(async (client) => {
        const header = { clientId: `client-${client}`, pushId: pushId(100 + client) }
        return push(database, header, [insertItem(1, 100 + client, client.toString())])
      }),
    )
    expect(answers.every(({ type }) => type === 'ok')).toBe(true)
    expect(await run(database, 'SELECT count(*) FROM item')).toEqual([[2 + clients.length]])
    const revisions = answers.map((answer) => (answer.type === 'ok' ? answer.revision : ''))
    expect(new Set(revisions).size).toBe(clients.length)
  })

  test.each([
    'PRAGMA writable_schema = ON',
    "ATTACH '/tmp/other.db' AS other",
    'PRAGMA journal_mode = DELETE',
    "VACUUM INTO '/tmp/stolen.db'",
    "INSERT INTO item VALUES (99, 'sneaked in')",
    'COMMIT',
    'CREATE TABLE a (x); DELETE FROM item',
    'DELETE FROM sqlite_schema',
  ])('a schema change is not a way to run %s', async (sql) => {
    const database = await pushed(
      `schema-${sql.length}-${sql
        .toLowerCase()
        .replaceAll(/[^a-z]/g, '')
        .slice(0, 20)}`,
    )
    const header = { pushId: pushId(2), previousPushId: pushId(1) }
    expect(await push(database, header, [schemaChange(4, sql)])).toMatchObject({
      type: 'rejected',
      changeId: 4,
    })
    expect(await items(database)).toHaveLength(2)
    expect(await run(database, 'PRAGMA journal_mode')).toEqual([['wal']])
  })

  test.each(['turso_sync_last_change_id', 'tidemark_push', 'sqlite_schema', 'sqlite_sequence'])(
    'rows of %s cannot be pushed',
    async (name) => {
      const database = await pushed(`own-${name}`)
      const table = { name, columns: ['client_id', 'change_id'], key: [0] }
      const header = { pushId: pushId(2), previousPushId: pushId(1) }
      const response = await push(database, header, [insertItem(4, 1, 5n, table)])
      expect(response).toMatchObject({ type: 'rejected' })
    },
  )

  test('a table that claims more columns than there are bytes is refused', async () => {
    const database = await server.create('columns')
    const response = await postPush(database, encodeDelimited(Buffer.from('1207080010ffffff7f', 'hex')))
    expect([400, 413]).toContain(response.status)
  })
})
