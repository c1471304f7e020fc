// oxlint-disable typescript/await-thenable -- that plain values can be awaited is what this shows
import { expect, test } from 'vitest'
import { Database } from '../src/index.ts'

test('code written for an asynchronous API can await every result, pass argument arrays and close statements', async () => {
  const db = new Database({ path: ':memory:', url: () => null })
  await db.exec('CREATE TABLE t (a, b)')
  const insert = await db.prepare('INSERT INTO t VALUES (?, ?)')
  expect((await insert.run([1, 'x'])).changes).toBe(1)
  await insert.close()
  const select = await db.prepare('SELECT * FROM t WHERE a = ?')
  expect(await select.all([1])).toEqual([{ a: 1, b: 'x' }])
  expect(await select.get([1])).toEqual({ a: 1, b: 'x' })
  await db.close()
  expect(() => insert.run([2, 'y'])).toThrow(
    expect.objectContaining({ code: 'TIDEMARK_STATEMENT_CLOSED' }) as Error,
  )
  expect(insert.source).toBe('INSERT INTO t VALUES (?, ?)')
})
