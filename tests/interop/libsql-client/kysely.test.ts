import { createClient } from '@libsql/client'
import { Kysely, sql } from 'kysely'
import type { Generated } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import { freshDatabase } from '../peers/fresh-database.ts'
import { LibsqlDialect } from './libsql-dialect.ts'

interface Schema {
  readonly user: { readonly id: Generated<number>; readonly email: string; readonly age: number | null }
}

let db: Kysely<Schema>

beforeEach(async () => {
  db = new Kysely<Schema>({ dialect: new LibsqlDialect(createClient({ url: `${freshDatabase()}/` })) })
  await db.schema
    .createTable('user')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('email', 'text', (column) => column.notNull().unique())
    .addColumn('age', 'integer')
    .execute()
})

async function emails(): Promise<string[]> {
  const rows = await db.selectFrom('user').select('email').orderBy('id').execute()
  return rows.map(({ email }) => email)
}

test('inserts, selects, updates, deletes', async () => {
  const inserted = await db.insertInto('user').values({ email: 'a', age: 7 }).executeTakeFirstOrThrow()
  expect(inserted).toMatchObject({ insertId: 1n, numInsertedOrUpdatedRows: 1n })
  const returned = await db.insertInto('user').values({ email: 'b', age: null }).returningAll().execute()
  expect(returned).toEqual([{ id: 2, email: 'b', age: null }])
  const updated = await db.updateTable('user').set({ age: 8 }).where('age', 'is', null).executeTakeFirst()
  expect(updated.numUpdatedRows).toBe(1n)
  await db.deleteFrom('user').where('email', '=', 'a').execute()
  expect(await emails()).toEqual(['b'])
})

test('a transaction commits whole, or rolls back where it throws', async () => {
  const twice = (other: string) =>
    db.transaction().execute(async (transaction) => {
      await transaction.insertInto('user').values({ email: 'a', age: 1 }).execute()
      await transaction.insertInto('user').values({ email: other, age: 2 }).execute()
    })
  await expect(twice('a')).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT' })
  expect(await emails()).toEqual([])
  await twice('b')
  expect(await emails()).toEqual(['a', 'b'])
})

test('its introspection and raw SQL', async () => {
  const [table] = await db.introspection.getTables()
  expect(table).toMatchObject({ name: 'user', isView: false })
  expect(table!.columns.map(({ name }) => name)).toEqual(['id', 'email', 'age'])
  const { rows } = await sql<{ readonly n: number }>`SELECT count(*) AS n FROM user`.execute(db)
  expect(rows[0]!.n).toBe(0)
})
