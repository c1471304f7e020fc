import type { Client } from '@libsql/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HttpSetup } from './http-peer.ts'

let setup: HttpSetup
let remote: Client
let file: Client

beforeAll(async () => {
  setup = await HttpSetup.start()
  remote = setup.client('errors')
  file = setup.fileClient('errors')
  for (const client of [remote, file]) {
    await client.batch(
      [
        'CREATE TABLE parent (id INTEGER PRIMARY KEY)',
        'CREATE TABLE item (a INTEGER PRIMARY KEY, b UNIQUE, c NOT NULL DEFAULT 1, d CHECK (d > 0), e REFERENCES parent)',
        "INSERT INTO item (a, b) VALUES (1, 'x')",
        "CREATE TRIGGER guard BEFORE INSERT ON parent BEGIN SELECT raise(ABORT, 'not here'); END",
      ],
      'write',
    )
  }
})

afterAll(async () => {
  await setup[Symbol.asyncDispose]()
})

interface Failure {
  readonly name: string
  readonly code: string
  readonly extendedCode?: string
  readonly message: string
}

async function failureOf(client: Client, sql: string): Promise<Failure> {
  return client.execute(sql).then(
    () => {
      throw new Error(`${sql} did not fail`)
    },
    (error: unknown) => error as Failure,
  )
}

test.each([
  'SELEC',
  'SELECT * FROM nowhere',
  'SELECT nope FROM item',
  'INSERT INTO item (a) VALUES (1)',
  "INSERT INTO item (b) VALUES ('x')",
  'INSERT INTO item (c) VALUES (NULL)',
  'INSERT INTO item (d) VALUES (-1)',
  'INSERT INTO item (e) VALUES (77)',
  "INSERT INTO item (a) VALUES ('abc')",
  'INSERT INTO parent VALUES (1)',
  "SELECT json('{')",
  'SELECT abs(-9223372036854775808)',
  'SELECT zeroblob(2000000000)',
  'COMMIT',
  'ROLLBACK',
  'CREATE TABLE item (a)',
  'DROP TABLE nowhere',
])('%s fails with the code and message that a local file gives', async (sql) => {
  const [there, here] = [await failureOf(remote, sql), await failureOf(file, sql)]
  expect(here.code).toMatch(/^SQLITE_/)
  expect([there.name, there.code, there.message]).toEqual([here.name, here.code, here.message])
})

test.each([
  ['SELECT 1; SELECT 2', 'SQL_MANY_STATEMENTS'],
  ['-- nothing', 'SQL_NO_STATEMENT'],
  ['SELECT ?', 'ARGS_INVALID'],
  ['VACUUM', 'SQL_NOT_ALLOWED'],
  ["ATTACH ':memory:' AS x", 'SQL_NOT_ALLOWED'],
])('%s is refused as %s', async (sql, code) => {
  expect((await failureOf(remote, sql)).code).toBe(code)
})

test('a result that is too large is refused, and the client goes on', async () => {
  const endless =
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(zeroblob(500)) FROM n'
  expect((await failureOf(remote, endless)).code).toBe('TIDEMARK_LIMIT')
  expect((await remote.execute('SELECT 1')).rows).toHaveLength(1)
})
