import { createClient } from '@libsql/client'
import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import { blob, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { beforeEach, expect, test } from 'vitest'
import { freshDatabase } from '../peers/fresh-database.ts'

const user = sqliteTable('user', {
  id: integer().primaryKey({ autoIncrement: true }),
  email: text().notNull().unique(),
  joined: integer({ mode: 'timestamp' }),
  picture: blob({ mode: 'buffer' }),
  settings: text({ mode: 'json' }).$type<{ theme: string }>(),
})
const post = sqliteTable('post', {
  id: integer().primaryKey(),
  author: integer()
    .notNull()
    .references(() => user.id, { onDelete: 'cascade' }),
  title: text(),
})

let db: LibSQLDatabase

beforeEach(async () => {
  db = drizzle(createClient({ url: `${freshDatabase()}/` }))
  await db.run(sql`CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE,
    joined INTEGER, picture BLOB, settings TEXT)`)
  await db.run(
    sql`CREATE TABLE post (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES user ON DELETE CASCADE, title TEXT)`,
  )
})

test('inserts with returning, selects with joins, updates, deletes', async () => {
  const joined = new Date('2024-05-06T07:08:09Z')
  const values = {
    email: 'a@example.com',
    joined,
    picture: Buffer.from([0, 255]),
    settings: { theme: 'dark' },
  }
  const [inserted] = await db.insert(user).values(values).returning()
  expect(inserted).toEqual({ id: 1, ...values })
  await db.insert(post).values([
    { author: 1, title: 'first' },
    { author: 1, title: 'second' },
  ])
  const joinedRows = await db
    .select({ email: user.email, title: post.title })
    .from(post)
    .innerJoin(user, eq(post.author, user.id))
    .orderBy(post.id)
  expect(joinedRows.map(({ title }) => title)).toEqual(['first', 'second'])
  await db.update(user).set({ email: 'b@example.com' }).where(eq(user.id, 1))
  await db
    .insert(user)
    .values({ id: 1, email: 'c@example.com' })
    .onConflictDoUpdate({ target: user.id, set: { email: 'c@example.com' } })
  expect(await db.select({ email: user.email }).from(user).get()).toEqual({ email: 'c@example.com' })
  await db.delete(user)
  expect(await db.$count(post)).toBe(0)
})

test('a transaction commits whole, or rolls back where it throws', async () => {
  const failing = db.transaction(async (tx) => {
    await tx.insert(user).values({ email: 'a@example.com' })
    await tx.insert(user).values({ email: 'a@example.com' })
  })
  await expect(failing).rejects.toMatchObject({ cause: { code: 'SQLITE_CONSTRAINT' } })
  expect(await db.$count(user)).toBe(0)
  await db.transaction(async (tx) => {
    await tx.insert(user).values({ email: 'a@example.com' })
    expect(await tx.$count(user)).toBe(1)
  })
  expect(await db.$count(user)).toBe(1)
})

test('a batch is one round trip and one transaction', async () => {
  const [, rows] = await db.batch([
    db.insert(user).values({ email: 'a@example.com' }),
    db.select({ email: user.email }).from(user),
  ])
  expect(rows).toEqual([{ email: 'a@example.com' }])
  const failing = db.batch([
    db.insert(user).values({ email: 'b@example.com' }),
    db.insert(user).values({ email: 'a@example.com' }),
  ])
  await expect(failing).rejects.toThrow('UNIQUE constraint failed')
  expect(await db.$count(user)).toBe(1)
})
