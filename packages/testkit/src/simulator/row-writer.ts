import type { Random } from './random.ts'
import { ownKey } from './tables.ts'
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

/** Draws what one writer puts into the rows of one table. */
export class RowWriter {
  readonly columns: string
  /** It may write what another writer's change can make impossible. */
  readonly mayClash: boolean
  readonly #table: Table
  readonly #random: Random
  readonly #owner: number
  readonly tag: string

  constructor(table: Table, random: Random, owner: number, tag: string, mayClash: boolean) {
    const { hasUnique, hasParent } = table.kind
    this.#table = table
    this.#random = random
    this.#owner = owner
    this.tag = tag
    this.mayClash = mayClash
    this.columns = `id, a, b, tag${hasUnique ? ', u' : ''}${hasParent ? ', up' : ''}`
  }

  key(): string {
    return this.#table.kind.key(ownKey(this.#owner, this.#random.between(1, KEYS)))
  }

  values(): string {
    const { kind } = this.#table
    const [a, b] = [this.#value(), this.#value()]
    const unique = kind.hasUnique ? `, ${this.unique()}` : ''
    const parent = kind.hasParent ? `, ${this.#parent()}` : ''
    // NULL in a composite key of a table without rowids is refused, in the others it makes a row of its own.
    const safe = kind.otherKeyColumns.length > 0 && a === 'NULL' ? '7' : a
    return `(${this.key()}, ${safe}, ${b}, '${this.tag}'${unique}${parent})`
  }

  assignments(): string {
    const { kind } = this.#table
    const parts = [`tag = '${this.tag}'`]
    if (this.#random.chance(60)) parts.push(`b = ${this.#value()}`)
    if (this.#random.chance(60) && (this.mayClash || !kind.otherKeyColumns.includes('a')))
      parts.push(`a = ${this.#value()}`)
    if (kind.hasUnique && this.#random.chance(30)) parts.push(`u = ${this.unique()}`)
    if (kind.hasParent && this.#random.chance(30)) parts.push(`up = ${this.#parent()}`)
    return parts.join(', ')
  }

  /** The beginning of a query that makes new rows from those of the same table. */
  selected(): string {
    const { hasUnique, hasParent } = this.#table.kind
    return `SELECT ${this.key()}, b, a, '${this.tag}'${hasUnique ? `, ${this.unique()}` : ''}${hasParent ? ', id' : ''}`
  }

  #value(): string {
    return this.#random.pick(VALUES)
  }

  unique(): string {
    return !this.mayClash ? 'NULL' : `'${this.#owner}-${this.#random.below(UNIQUE_VALUES)}'`
  }

  #parent(): string {
    return !this.mayClash || this.#random.chance(30) ? 'NULL' : this.key()
  }
}
