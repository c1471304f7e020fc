import { createRequire } from 'node:module'
import knex from 'knex'
import type { Knex } from 'knex'
import { expect, test } from 'vitest'
import { Database } from '../src/index.ts'

const BetterSqlite3Client = createRequire(import.meta.url)(
  'knex/lib/dialects/better-sqlite3/index.js',
) as typeof Knex.Client

/** Knex's own client for better-sqlite3; only the connection is another one. */
function clientOf(database: Database): typeof Knex.Client {
  return class extends BetterSqlite3Client {
    _driver(): unknown {
      return Database
    }

    override async acquireRawConnection(): Promise<Database> {
      return database
    }
  }
}

interface Note {
  readonly id: number
  readonly title: string
  readonly stars: number
}

test("Knex's better-sqlite3 client runs on it: schema, queries, transactions, and what it wrote is pending", async () => {
  const database = new Database({ path: ':memory:', url: () => null })
  const db = knex({
    client: clientOf(database),
    connection: { filename: ':memory:' },
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
  })
  await db.schema.createTable('note', (table) => {
    table.increments('id')
    table.string('title').notNullable()
    table.integer('stars').notNullable().defaultTo(0)
  })

  expect(await db<Note>('note').insert({ title: 'one' })).toEqual([1])
  expect(await db<Note>('note').insert({ title: 'two', stars: 5 }).returning('*')).toEqual([
    { id: 2, title: 'two', stars: 5 },
  ])
  expect(await db<Note>('note').where({ id: 1 }).update({ stars: 3 })).toBe(1)
  expect(await db<Note>('note').select('title').orderBy('id')).toEqual([{ title: 'one' }, { title: 'two' }])

  await db.transaction(async (tx) => {
    await tx<Note>('note').insert({ title: 'three' })
  })
  await expect(
    db.transaction(async (tx) => {
      await tx<Note>('note').delete()
      throw new Error('changed my mind')
    }),
  ).rejects.toThrow('changed my mind')
  expect(await db<Note>('note').count({ n: '*' }).first()).toEqual({ n: 3 })

  const pending = await database.pending({ table: 'note' })
  expect(pending.map(({ kind }) => kind)).toEqual(['insert', 'insert', 'update', 'insert'])
  await db.destroy()
  expect(database.open).toBe(false)
})
