import type { Random } from './random.ts'
import { ownKey, ownRows } from './tables.ts'
import type { Table } from './tables.ts'

const KEYS = 6
const UNIQUE_VALUES = 5

const VALUES = [
  'NULL',
  '0',
  '1',
  '2',
  '1.5',
  '-0.0',
  '9223372036854775807',
  '9e999',
  "''",
  "'a'",
  "'A'",
  "'💧'",
  "x'00ff'",
  'zeroblob(40)',
  'char(65, 0, 66)',
  "CAST(x'ff61' AS TEXT)",
  "printf('%.300c', 'x')",
  "printf('%.6000c', 'y')",
] as const

/** Who writes, where, and how what is written can be known again. */
export interface Writing {
  readonly random: Random
  readonly writer: number
  readonly tag: string
  readonly tables: readonly Table[]
  /** Also what others may have made impossible by the time that it is pushed. */
  readonly isContested: boolean
}

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

function statementOn(table: Table, { random, writer, tag, isContested }: Writing): string {
  const { name, kind } = table
  // Writers fight over the rows of nobody.
  const owner = random.chance(70) ? writer : 0
  const row = new RowWriter(table, random, owner, tag, isContested || owner !== 0)
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

class RowWriter {
  readonly columns: string
  /** It may write what another writer's change can make impossible. */
  readonly mayClash: boolean
  readonly #table: Table
  readonly #random: Random
  readonly #owner: number
  readonly #tag: string

  constructor(table: Table, random: Random, owner: number, tag: string, mayClash: boolean) {
    const { hasUnique, hasParent } = table.kind
    this.#table = table
    this.#random = random
    this.#owner = owner
    this.#tag = tag
    this.mayClash = mayClash
    this.columns = `id, a, b, tag${hasUnique ? ', u' : ''}${hasParent ? ', up' : ''}`
  }

  key(): string {
    return this.#table.kind.key(ownKey(this.#owner, this.#random.between(1, KEYS)))
  }

  values(): string {
    const { kind } = this.#table
    const [a, b] = [this.#value(), this.#value()]
    const unique = kind.hasUnique ? `, ${this.#unique()}` : ''
    const parent = kind.hasParent ? `, ${this.#parent()}` : ''
    // NULL in a composite key of a table without rowids is refused, in the others it makes a row of its own.
    const safe = kind.otherKeyColumns.length > 0 && a === 'NULL' ? '7' : a
    return `(${this.key()}, ${safe}, ${b}, '${this.#tag}'${unique}${parent})`
  }

  assignments(): string {
    const { kind } = this.#table
    const parts = [`tag = '${this.#tag}'`]
    if (this.#random.chance(60)) parts.push(`b = ${this.#value()}`)
    if (this.#random.chance(60) && (this.mayClash || !kind.otherKeyColumns.includes('a')))
      parts.push(`a = ${this.#value()}`)
    if (kind.hasUnique && this.#random.chance(30)) parts.push(`u = ${this.#unique()}`)
    if (kind.hasParent && this.#random.chance(30)) parts.push(`up = ${this.#parent()}`)
    return parts.join(', ')
  }

  #value(): string {
    return this.#random.pick(VALUES)
  }

  #unique(): string {
    return !this.mayClash ? 'NULL' : `'${this.#owner}-${this.#random.below(UNIQUE_VALUES)}'`
  }

  #parent(): string {
    return !this.mayClash || this.#random.chance(30) ? 'NULL' : this.key()
  }
}
