import { Kysely, SqliteDialect } from 'kysely'
import type { Generated } from 'kysely'
import { expect, test } from 'vitest'
import { Database } from '../src/index.ts'

interface Schema {
  readonly note: { readonly id: Generated<number>; readonly title: string; readonly stars: Generated<number> }
}

test("Kysely's SQLite dialect runs on it: schema, queries, streams, transactions, and what it wrote is pending", async () => {
  const database = new Database({ path: ':memory:', url: () => null })
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database }) })
  await db.schema
    .createTable('note')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('stars', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()

  const result = await db
    .insertInto('note')
    .values([
      { title: 'one', stars: 0 },
      { title: 'two', stars: 5 },
    ])
    .executeTakeFirstOrThrow()
  expect(result.insertId).toBe(2n)
  expect(await db.updateTable('note').set({ stars: 3 }).where('id', '=', 1).returningAll().execute()).toEqual(
    [{ id: 1, title: 'one', stars: 3 }],
  )
  const streamed: string[] = []
  for await (const row of db.selectFrom('note').select('title').orderBy('id').stream())
    streamed.push(row.title)
  expect(streamed).toEqual(['one', 'two'])

  await db.transaction().execute(async (tx) => {
    await tx.insertInto('note').values({ title: 'three' }).execute()
  })
  await expect(
    db.transaction().execute(async (tx) => {
      await tx.deleteFrom('note').execute()
      throw new Error('changed my mind')
    }),
  ).rejects.toThrow('changed my mind')
  expect(await db.selectFrom('note').select('id').execute()).toHaveLength(3)

  const pending = await database.pending()
  expect(pending.map(({ kind }) => kind)).toEqual(['schema', 'insert', 'insert', 'update', 'insert'])
  await db.destroy()
  expect(database.open).toBe(false)
})
