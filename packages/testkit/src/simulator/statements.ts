import type { Random } from './random.ts'
import { daringStatement } from './daring-statements.ts'
import { RowWriter } from './row-writer.ts'
import { ownRows } from './tables.ts'
import type { Table } from './tables.ts'

/** What kinds of statements are drawn. */
export interface Manner {
  /** Also what others may have made impossible by the time that it is pushed. */
  readonly isContested: boolean
  /** Also statements of the less usual kinds. */
  readonly isDaring: boolean
}

/** Who writes, where, and how what is written can be known again. */
export interface Writing extends Manner {
  readonly random: Random
  readonly writer: number
  readonly tag: string
  readonly tables: readonly Table[]
}

/** In percent of the statements of those who are. */
const DARING = 35

const VERBS = ['INSERT', 'INSERT OR REPLACE', 'INSERT OR IGNORE', 'REPLACE'] as const
/** Where no trigger is on the table, SQLite 3.54 commits an INSERT OR REPLACE that breaks a deferred foreign key. */
const VERBS_WITH_PARENT = ['INSERT', 'INSERT', 'INSERT OR IGNORE', 'INSERT'] as const

/** The statements of one transaction. The first one leaves the tag in the journal. */
export function transactionOf(writing: Writing): string[] {
  const { random, tag, tables } = writing
  const statements = [`INSERT INTO journal(tag) VALUES ('${tag}')`]
  for (let i = random.between(0, 4); i > 0; i--) statements.push(statementOn(random.pick(tables), writing))
  return statements
}

function statementOn(table: Table, { random, writer, tag, isContested, isDaring }: Writing): string {
  const { name, kind } = table
  // Writers fight over the rows of nobody.
  const owner = random.chance(70) ? writer : 0
  const row = new RowWriter(table, random, owner, tag, isContested || owner !== 0)
  if (isDaring && row.mayClash && random.chance(DARING)) return daringStatement(table, row, random)
  const key = row.key()
  const assignments = row.assignments()
  switch (random.weighted({ insert: 8, upsert: 3, update: 6, range: 1, move: 2, delete: 3, clear: 1 })) {
    case 'insert': {
      const verb = random.pick(kind.hasParent ? VERBS_WITH_PARENT : VERBS)
      const rows = Array.from({ length: random.between(1, 3) }, () => row.values())
      return `${verb} INTO ${name}(${row.columns}) VALUES ${rows.join(', ')}`
    }
    case 'upsert': {
      if (kind.isKeyless) return `INSERT INTO ${name}(${row.columns}) VALUES ${row.values()}`
      return `INSERT INTO ${name}(${row.columns}) VALUES ${row.values()} ON CONFLICT DO UPDATE SET b = excluded.b, tag = excluded.tag`
    }
    case 'update':
      return `UPDATE ${name} SET ${assignments} WHERE id = ${key}`
    case 'range':
      return `UPDATE ${name} SET ${assignments} WHERE ${ownRows(table, owner)}`
    case 'move': {
      // Two writers that move rows onto each other's keys violate a constraint, for which somebody must find a remedy.
      if (!row.mayClash) return `UPDATE ${name} SET ${assignments} WHERE id = ${key}`
      return `UPDATE${random.chance(50) && !kind.hasParent ? ' OR REPLACE' : ''} ${name} SET id = ${row.key()}, tag = '${tag}' WHERE id = ${key}`
    }
    case 'delete':
      return `DELETE FROM ${name} WHERE id = ${key}`
    case 'clear':
      return `DELETE FROM ${name} WHERE ${ownRows(table, owner)}`
  }
}
