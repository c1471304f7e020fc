import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { expect, test } from 'vitest'
import { Database } from '../src/index.ts'

const note = sqliteTable('note', {
  id: integer('id').primaryKey(),
  title: text('title').notNull(),
  stars: integer('stars').notNull().default(0),
})

test("Drizzle's better-sqlite3 driver runs on it: queries, transactions, nested ones, and what it wrote is pending", async () => {
  const db = new Database({ path: ':memory:', url: () => null })
  const orm = drizzle(db, { schema: { note } })
  orm.run(
    sql`CREATE TABLE note (id INTEGER PRIMARY KEY, title TEXT NOT NULL, stars INTEGER NOT NULL DEFAULT 0)`,
  )

  const inserted = orm
    .insert(note)
    .values([{ title: 'one' }, { title: 'two', stars: 5 }])
    .returning()
    .all()
  expect(inserted).toEqual([
    { id: 1, title: 'one', stars: 0 },
    { id: 2, title: 'two', stars: 5 },
  ])
  expect(orm.update(note).set({ stars: 3 }).where(eq(note.id, 1)).run().changes).toBe(1)
  expect(await orm.query.note.findFirst({ where: eq(note.id, 1) })).toEqual({ id: 1, title: 'one', stars: 3 })
  expect(orm.select({ title: note.title }).from(note).orderBy(note.id).all()).toEqual([
    { title: 'one' },
    { title: 'two' },
  ])

  orm.transaction(
    (outer) => {
      outer.insert(note).values({ title: 'three' }).run()
      expect(() =>
        outer.transaction((inner) => {
          inner.insert(note).values({ title: 'four' }).run()
          inner.rollback()
        }),
      ).toThrow('Rollback')
    },
    { behavior: 'immediate' },
  )
  expect(() =>
    orm.transaction((tx) => {
      tx.delete(note).run()
      throw new Error('changed my mind')
    }),
  ).toThrow('changed my mind')
  expect(orm.select().from(note).all()).toHaveLength(3)
  expect(db.inTransaction).toBe(false)

  const pending = await db.pending()
  expect(pending.map(({ kind }) => kind)).toEqual(['schema', 'insert', 'insert', 'update', 'insert'])
  db.close()
})
