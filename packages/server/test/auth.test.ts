import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateSigningKey, importKey, mintToken } from '../src/auth/access-token.ts'
import type { DatabasesClaim, SigningKey } from '../src/auth/access-token.ts'
import { execute, pipeline, postJson, rowsOf, startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

let server: RunningServer
let current: SigningKey
let previous: SigningKey
let admin: string

const REVOKED = 'revoked-token'

async function tokenFor(databases: DatabasesClaim, key = current): Promise<string> {
  return mintToken(key, { issuer: 'tidemark', audience: 'tidemark', databases, expiresInSeconds: 60 })
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

beforeAll(async () => {
  current = await generateSigningKey('2')
  previous = await generateSigningKey('1')
  server = await startServer({
    keys: [current, previous].map(({ kid, x }) => ({ kid, x })),
    revokedTokens: [REVOKED],
  })
  admin = await tokenFor({ '*': 'admin' })
  for (const name of ['notes', 'other']) {
    const { status } = await postJson(`${server.url}/admin/v1/databases`, { name }, bearer(admin))
    expect(status).toBe(201)
  }
})

afterAll(async () => {
  await server.close()
})

async function statusWith(token: string | null, path = '/db/notes/tidemark'): Promise<number> {
  const response = await fetch(server.url + path, token === null ? {} : { headers: bearer(token) })
  await response.arrayBuffer()
  return response.status
}

async function messageFor(token: string): Promise<unknown> {
  const response = await fetch(`${server.url}/db/notes/tidemark`, { headers: bearer(token) })
  return ((await response.json()) as { message: unknown }).message
}

async function sign(
  claims: Record<string, unknown>,
  options: { key?: SigningKey; kid?: string; expires?: string | null } = {},
): Promise<string> {
  const key = options.key ?? current
  const token = new SignJWT({
    databases: { notes: 'read' },
    iss: 'tidemark',
    aud: 'tidemark',
    ...claims,
  }).setProtectedHeader({
    alg: 'EdDSA',
    kid: options.kid ?? key.kid,
  })
  if (options.expires !== null) token.setExpirationTime(options.expires ?? '1m')
  return token.sign(await importKey(key))
}

describe('tokens', () => {
  test('a token for the database is accepted, signed with any active key', async () => {
    expect(await statusWith(await tokenFor({ notes: 'read' }))).toBe(200)
    expect(await statusWith(await tokenFor({ notes: 'read' }, previous))).toBe(200)
    expect(await statusWith(await tokenFor({ '*': 'read' }))).toBe(200)
  })

  test('health needs no token, everything else does', async () => {
    expect(await statusWith(null, '/health')).toBe(200)
    for (const path of ['/db/notes/tidemark', '/admin/v1/databases', '/metrics']) {
      expect([path, await statusWith(null, path)]).toEqual([path, 401])
    }
  })

  test('tokens that are not in order are refused', async () => {
    const stranger = await generateSigningKey('2')
    const [header, payload, signature] = (await sign({})).split('.') as [string, string, string]
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const bad = {
      garbage: 'x.y.z',
      empty: '',
      huge: 'a'.repeat(8000),
      'signed by a stranger under a known key id': await sign({}, { key: stranger }),
      'of an unknown key': await sign({}, { kid: '9' }),
      expired: await sign({}, { expires: '-1s' }),
      'without expiry': await sign({}, { expires: null }),
      'of another issuer': await sign({ iss: 'evil' }),
      'for another audience': await sign({ aud: 'other' }),
      revoked: await sign({ jti: REVOKED }),
      'without databases': await sign({ databases: undefined }),
      'with an unknown scope': await sign({ databases: { notes: 'root' } }),
      'without a signature': `${none}.${payload}.`,
      'with a signature cut': `${header}.${payload}.${signature.slice(0, -2)}`,
      'with another payload': `${header}.${Buffer.from('{"databases":{"*":"admin"}}').toString('base64url')}.${signature}`,
    }
    for (const [what, token] of Object.entries(bad))
      expect([what, await statusWith(token)]).toEqual([what, 401])
    expect(await messageFor(bad.expired)).toBe('The token has expired')
  })

  test('a token for one database opens no other, and does not tell which exist', async () => {
    const token = await tokenFor({ notes: 'write' })
    expect(await statusWith(token, '/db/other/tidemark')).toBe(403)
    expect(await statusWith(token, '/db/missing/tidemark')).toBe(403)
    expect(await statusWith(token, '/admin/v1/databases')).toBe(403)
    expect(await statusWith(await tokenFor({ '*': 'write' }), '/db/missing/tidemark')).toBe(404)
    expect(await statusWith(await tokenFor({ constructor: 'admin' as const }), '/db/toString/tidemark')).toBe(
      400,
    )
  })

  test('a token for reading reads and cannot write, by SQL or by push', async () => {
    const database = `${server.url}/db/notes`
    const write = { headers: bearer(await tokenFor({ notes: 'write' })) }
    const read = { headers: bearer(await tokenFor({ notes: 'read' })) }
    await pipeline(database, [execute('CREATE TABLE t (x)'), { type: 'close' }], write)
    const statements = [
      'INSERT INTO t VALUES (1)',
      'BEGIN IMMEDIATE',
      'DROP TABLE t',
      'PRAGMA user_version = 3',
      'SELECT count(*) FROM t',
    ]
    const { results } = await pipeline(
      database,
      [...statements.map((sql) => execute(sql)), { type: 'close' }],
      read,
    )
    expect(results.map((result) => (result.type === 'error' ? result.error.code : 'ok'))).toEqual([
      'FORBIDDEN',
      'FORBIDDEN',
      'FORBIDDEN',
      'FORBIDDEN',
      'ok',
      'ok',
    ])
    // Each of these writes inside what SQLite takes for a query.
    await pipeline(
      database,
      [
        execute('CREATE VIRTUAL TABLE words USING fts4(word)'),
        execute("INSERT INTO words VALUES ('a')"),
        execute("INSERT INTO words VALUES ('b')"),
        { type: 'close' },
      ],
      write,
    )
    const hidden = ['SELECT optimize(words) FROM words', 'SELECT * FROM t, pragma_optimize(0x10012)']
    const segments = execute('SELECT count(*) FROM words_segdir')
    const { results: refused } = await pipeline(
      database,
      [execute(hidden[0]!), segments, { type: 'close' }],
      read,
    )
    expect(refused[0]).toMatchObject({ type: 'error', error: { code: 'SQLITE_READONLY' } })
    expect(rowsOf(refused[1])).toEqual([[2]])
    const { results: allowed } = await pipeline(
      database,
      [...hidden.map((sql) => execute(sql)), segments, { type: 'close' }],
      write,
    )
    expect(rowsOf(allowed[2])).toEqual([[1]])
    const pushed = await fetch(`${database}/push-changes`, { method: 'POST', body: 'x', ...read })
    expect(pushed.status).toBe(403)
    const pulled = await fetch(`${database}/pull-updates`, { method: 'POST', ...read })
    expect(pulled.status).toBe(200)
  })
})
