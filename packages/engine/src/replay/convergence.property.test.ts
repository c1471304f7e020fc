import type Database from 'better-sqlite3'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { capturedDatabase, contents, push, rebase, receiver } from '../../test/captured-database.ts'
import { maxChangeId } from '../capture/read-captured.ts'
import type { ApplyConnection } from '../apply/apply-connection.ts'

/**
 * Schemas, and the columns that updates set: a key that moves to where another client has put a row is a
 * violated constraint.
 */
const schemas: Record<string, { readonly sql: string; readonly updated: readonly string[] }> = {
  'INTEGER PRIMARY KEY': { sql: 'CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)', updated: ['a', 'b'] },
  'text key': { sql: 'CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b)', updated: ['a', 'b'] },
  'text key, NULL allowed': { sql: 'CREATE TABLE t(id TEXT PRIMARY KEY, a, b)', updated: ['a', 'b'] },
  'key without regard to case': {
    sql: 'CREATE TABLE t(id TEXT PRIMARY KEY COLLATE NOCASE NOT NULL, a, b)',
    updated: ['a', 'b'],
  },
  'no key': { sql: 'CREATE TABLE t(id, a, b)', updated: ['id', 'a', 'b'] },
  'WITHOUT ROWID': { sql: 'CREATE TABLE t(a, id, b, PRIMARY KEY(id, a)) WITHOUT ROWID', updated: ['b'] },
  triggers: {
    sql: `
      CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); CREATE TABLE log(line);
      CREATE TRIGGER t1 AFTER INSERT ON t BEGIN UPDATE t SET b = 'touched' WHERE id = NEW.id; INSERT INTO log VALUES(NEW.a); END;
      CREATE TRIGGER t2 AFTER DELETE ON t BEGIN INSERT INTO log VALUES(OLD.a); END`,
    updated: ['a', 'b'],
  },
}

const value = fc.constantFrom(
  '1',
  '2',
  '3',
  "'a'",
  "'A'",
  'NULL',
  '1.5',
  "printf('%.40c', 'x')",
  "CAST(x'ff61' AS TEXT)",
)
const key = fc.constantFrom('1', '2', '3', "'a'", "'A'")

function statement(updated: readonly string[]): fc.Arbitrary<string> {
  const column = fc.constantFrom(...updated)
  return fc.oneof(
    fc
      .tuple(fc.constantFrom('', ' OR REPLACE'), fc.oneof(key, fc.constant('NULL')), value, value)
      .map(([or, ...row]) => `INSERT${or} INTO t(id, a, b) VALUES (${row.join()})`),
    fc.tuple(column, value, key).map(([name, v, k]) => `UPDATE t SET ${name} = ${v} WHERE id IS ${k}`),
    fc.tuple(column, value).map(([name, v]) => `UPDATE t SET ${name} = ${v}`),
    key.map((k) => `DELETE FROM t WHERE id IS ${k}`),
  )
}

function script(updated: readonly string[]): fc.Arbitrary<{ client: string; action: string }[]> {
  const sync = fc.constantFrom('push', 'pull')
  const action = fc.oneof({ weight: 5, arbitrary: statement(updated) }, { weight: 2, arbitrary: sync })
  return fc.array(fc.record({ client: fc.constantFrom('one', 'two'), action }), {
    minLength: 1,
    maxLength: 20,
  })
}

for (const [kind, { sql, updated }] of Object.entries(schemas)) {
  test(`I3, I4: two clients of a table with ${kind} converge, whatever they do and in whatever order they sync`, () => {
    fc.assert(
      fc.property(script(updated), (steps) => {
        const world = new World(sql)
        for (const { client, action } of steps) {
          if (action === 'pull') world.pull(client)
          else if (action === 'push') world.tryPush(client)
          else attempt(() => world.client(client).exec(action))
        }
        for (const client of ['one', 'two', 'one']) world.sync(client)
        world.pull('two')
        expect(contents(world.client('one'))).toEqual(contents(world.server.db))
        expect(contents(world.client('two'))).toEqual(contents(world.server.db))
      }),
      { numRuns: 20 },
    )
  })
}

/** Two clients and their server. */
class World {
  readonly server: ApplyConnection
  readonly #clients = new Map<string, Database.Database>()
  readonly #bases = new Map<string, string>()
  #pulls = 0

  constructor(sql: string) {
    this.server = receiver(sql)
    for (const name of ['one', 'two']) this.#clients.set(name, capturedDatabase(sql))
  }

  client(name: string): Database.Database {
    return this.#clients.get(name)!
  }

  tryPush(name: string): string {
    const outcome = push(this.client(name), this.server, {
      clientId: name,
      baseRevision: this.#bases.get(name) ?? '',
    })
    expect(outcome.type).toMatch(/^(ok|conflict)$/)
    if (outcome.type === 'ok') expect(outcome.lastChangeId).toBe(maxChangeId(this.client(name)))
    return outcome.type
  }

  pull(name: string): void {
    this.#clients.set(name, rebase(this.client(name), this.server.db, { clientId: name }).db)
    this.#pulls += 1
    this.#bases.set(name, String(this.#pulls))
  }

  sync(name: string): void {
    this.pull(name)
    expect(this.tryPush(name)).toBe('ok')
    this.pull(name)
  }
}

function attempt(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SqliteError') throw error
  }
}
