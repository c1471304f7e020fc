import { expect, test } from 'vitest'
import type { Mutation, TransformDecision } from '../src/index.ts'
import { contentOf, SyncServer } from './sync-server.ts'

const SCHEMA =
  'CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT, size INT); CREATE TABLE audit (id INTEGER PRIMARY KEY, entry TEXT)'

test('the hook sees each row change with its images, and never schema changes', async () => {
  await using server = new SyncServer()
  const seen: Mutation[] = []
  const a = await server.client('a.db', {
    transform: (mutation) => {
      seen.push(mutation)
      return null
    },
  })
  a.exec(
    `${SCHEMA}; INSERT INTO note VALUES (1, 'x', 9007199254740993); UPDATE note SET body = 'y'; DELETE FROM note`,
  )
  const start = Date.now()
  await a.push()
  const row = { id: 1, body: 'x', size: 9_007_199_254_740_993n }
  expect(seen).toMatchObject([
    { changeType: 'insert', tableName: 'note', id: 1, after: row },
    {
      changeType: 'update',
      tableName: 'note',
      id: 1,
      before: row,
      after: { ...row, body: 'y' },
      updates: { body: 'y' },
    },
    { changeType: 'delete', tableName: 'note', id: 1, before: { ...row, body: 'y' } },
  ])
  expect(seen[0]).not.toHaveProperty('before')
  expect(seen[2]).not.toHaveProperty('after')
  expect(Math.abs((seen[0]?.changeTime ?? 0) - start)).toBeLessThan(60_000)
})

test('skipped changes are not sent, and are no longer pending', async () => {
  await using server = new SyncServer()
  const skipDrafts = ({ after }: Mutation): TransformDecision =>
    String(after?.['body']).startsWith('draft') ? { operation: 'skip' } : null
  const a = await server.client('a.db', { transform: skipDrafts })
  a.exec(`${SCHEMA}; INSERT INTO note VALUES (1, 'draft: a', 1), (2, 'b', 2)`)
  expect((await a.push()).operations).toBe(3)
  expect((await a.stats()).cdcOperations).toBe(0)
  const b = await server.client('b.db')
  expect(contentOf(b)['note']).toEqual([{ id: 2n, body: 'b', size: 2n }])
  a.exec(`INSERT INTO note VALUES (3, 'draft: only', 1)`)
  await a.push()
  expect(await a.pending()).toEqual([])
})

test('a rewritten change is sent as what its statement does instead', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db', {
    transform: ({ tableName, changeType, after }) => {
      if (tableName !== 'note') return null
      if (changeType === 'delete') return { operation: 'rewrite', stmt: { sql: 'SELECT 1', values: [] } }
      return {
        operation: 'rewrite',
        stmt: {
          sql: 'INSERT OR REPLACE INTO note VALUES (?, upper(?), ?)',
          values: [after?.['id'] ?? null, after?.['body'] ?? null, 7n],
        },
      }
    },
  })
  a.exec(`${SCHEMA}; INSERT INTO note VALUES (1, 'one', 1), (2, 'two', 2)`)
  await a.push()
  expect(contentOf(await server.client('b.db'))['note']).toEqual([
    { id: 1n, body: 'ONE', size: 7n },
    { id: 2n, body: 'TWO', size: 7n },
  ])
  expect(contentOf(a)['note']).toEqual([
    { id: 1n, body: 'one', size: 1n },
    { id: 2n, body: 'two', size: 2n },
  ])
  await a.pull()
  expect(contentOf(a)['note']).toEqual([
    { id: 1n, body: 'ONE', size: 7n },
    { id: 2n, body: 'TWO', size: 7n },
  ])
})

test('a rewrite can go to another table, or come to nothing', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db', {
    transform: ({ tableName, after }) => {
      if (tableName !== 'note') return null
      const stmt =
        after?.['id'] === 1
          ? { sql: 'INSERT INTO audit VALUES (?, ?) RETURNING id', values: [11, after['body'] ?? null] }
          : { sql: 'DELETE FROM audit WHERE id = ?', values: [99] }
      return { operation: 'rewrite', stmt }
    },
  })
  a.exec(`${SCHEMA}; INSERT INTO note VALUES (1, 'one', 1); INSERT INTO note VALUES (2, 'two', 2)`)
  await a.push()
  expect(contentOf(await server.client('b.db'))).toEqual({ note: [], audit: [{ id: 11n, entry: 'one' }] })
})

test.for([
  [
    'throws',
    () => {
      throw new RangeError('oops')
    },
  ],
  ['answers nonsense', () => 'keep' as never],
  [
    'rewrites to more than one row',
    () => ({ operation: 'rewrite', stmt: { sql: "INSERT INTO audit VALUES (8, ''), (9, '')", values: [] } }),
  ],
  [
    'rewrites to a statement that does not run',
    () => ({ operation: 'rewrite', stmt: { sql: 'INSERT INTO nowhere VALUES (1)', values: [] } }),
  ],
  [
    'rewrites to the end of the transaction in which it is tried',
    () => ({ operation: 'rewrite', stmt: { sql: 'COMMIT', values: [] } }),
  ],
  [
    'rewrites to a change of the schema',
    () => ({ operation: 'rewrite', stmt: { sql: 'CREATE TABLE more (a)', values: [] } }),
  ],
] as const)(
  'a hook that %s fails the push with a typed error, and everything stays pending',
  async ([, transform]) => {
    await using server = new SyncServer()
    const a = await server.client('a.db', { transform: transform as () => TransformDecision })
    a.exec(`${SCHEMA}; INSERT INTO note VALUES (1, 'one', 1)`)
    const before = (await a.stats()).cdcOperations
    await expect(a.push()).rejects.toMatchObject({
      name: 'TransformError',
      code: 'TIDEMARK_TRANSFORM',
      recovery: 'fix-data',
    })
    expect((await a.stats()).cdcOperations).toBe(before)
    expect(contentOf(a)).toMatchObject({ note: [{ id: 1n }] })
    expect(contentOf(await server.client('b.db'))).toEqual({})
  },
)
