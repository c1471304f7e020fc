import Database from 'better-sqlite3'
import { expect, it } from 'vitest'

import { readPulledBase } from './pulled-base.ts'

it('is found where another process is just finishing a pull, and so making its table', () => {
  const db = new Database(':memory:')
  let isMade = false
  const meanwhile: Pick<Database.Database, 'prepare'> = {
    prepare: (sql: string) => {
      try {
        return db.prepare(sql)
      } finally {
        if (!isMade)
          db.exec(
            `CREATE TABLE tidemark_base (id, state); INSERT INTO tidemark_base VALUES (1, '{"revision":"r"}')`,
          )
        isMade = true
      }
    },
  }
  expect(readPulledBase(meanwhile)).toEqual({ revision: 'r' })
  db.close()
})
