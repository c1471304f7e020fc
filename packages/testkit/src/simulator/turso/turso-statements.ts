import type { Reader } from '../content.ts'
import type { Random } from '../random.ts'
import { ownKey, ownRows } from '../tables.ts'
import type { Table, TableKind } from '../tables.ts'

const KEYS = 6
const UNIQUE_VALUES = 5

/** Without ±Infinity, which the client's wire cannot carry, and text that is no UTF-8. */
const VALUES = [
  'NULL',
  '0',
  '1',
  '1.5',
  '-0.0',
  '9223372036854775807',
  "''",
  "'a'",
  "'💧'",
  "x'00ff'",
  'zeroblob(40)',
  'char(65, 0, 66)',
  "printf('%.300c', 'x')",
  "printf('%.6000c', 'y')",
] as const

/** With any other table in the schema the client cannot open the database. */
export function isReadableByTurso(kind: TableKind): boolean {
  return !kind.create('t').includes(' STORED')
}

/**
 * Of `tables`, those that the client can write to, and where what it writes arrives as it is (docs/compatibility.md).
 */
export function writableByTurso(tables: readonly Table[], db: Reader): Table[] {
  const withTriggers = db.prepare("SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger'").pluck().all()
  return tables.filter(({ name, kind }) => {
    // It refuses to write to the first, pushes rowids for the keys of the second, ends its process where it
    // prepares an INSERT into the third, and cannot pull rows of the fourth where it has some with the same
    // keys.
    if (/WITHOUT ROWID|KEY DESC|ON CONFLICT REPLACE|STRICT/.test(kind.create('t'))) return false
    // A row without a key that was not pulled yet cannot be changed; cascades are not pushed; a pull fires
    // triggers again for what is pending.
    return !kind.isKeyless && !kind.hasParent && !withTriggers.includes(name)
  })
}

/** Who writes, where, and how what is written can be known again. */
export interface TursoWriting {
  readonly random: Random
  readonly writer: number
  readonly tag: string
  readonly tables: readonly Table[]
}

/**
 * The statements of one transaction of a Turso client, as those of `transactionOf`: to its own rows and to
 * those of nobody. No key is changed, since such a change does not arrive, and nothing is written that others
 * could make impossible: a push or pull that meets that fails for good.
 */
export function tursoTransactionOf(writing: TursoWriting): string[] {
  const { random, tag, tables } = writing
  const statements = [`INSERT INTO journal(tag) VALUES ('${tag}')`]
  if (tables.length === 0) return statements
  for (let i = random.between(0, 4); i > 0; i--) statements.push(statementOn(random.pick(tables), writing))
  return statements
}

function statementOn(table: Table, { random, writer, tag }: TursoWriting): string {
  const { name, kind } = table
  // It pushes whole rows: in a composite key of another's row may be an infinity, which it cannot push, and
  // what is in its unique column may be in a third row by then.
  const isOnlyForOne = kind.otherKeyColumns.length > 0 || kind.hasUnique
  const owner = random.chance(70) || isOnlyForOne ? writer : 0
  const keyColumns = ['id', ...kind.otherKeyColumns].join(', ')
  const key = (): string => kind.key(ownKey(owner, random.between(1, KEYS)))
  const unique = (): string => `'${owner}-${random.below(UNIQUE_VALUES)}'`
  const columns = `id, a, b, tag${kind.hasUnique ? ', u' : ''}`
  const row = (): string => {
    const a = kind.otherKeyColumns.includes('a') ? '7' : random.pick(VALUES)
    return `(${key()}, ${a}, ${random.pick(VALUES)}, '${tag}'${kind.hasUnique ? `, ${unique()}` : ''})`
  }
  const assignments = [`tag = '${tag}'`]
  if (random.chance(60)) assignments.push(`b = ${random.pick(VALUES)}`)
  if (random.chance(60) && !kind.otherKeyColumns.includes('a')) assignments.push(`a = ${random.pick(VALUES)}`)
  if (kind.hasUnique && random.chance(30)) assignments.push(`u = ${unique()}`)
  switch (random.weighted({ insert: 8, upsert: 3, update: 6, range: 1, delete: 3, clear: 1 })) {
    case 'insert': {
      const verb = random.pick(['INSERT', 'INSERT OR IGNORE', 'INSERT OR REPLACE'])
      return `${verb} INTO ${name}(${columns}) VALUES ${Array.from({ length: random.between(1, 3) }, row).join(', ')}`
    }
    case 'upsert': {
      // All of it: the client pushes the whole row, and another's value may be an infinity.
      const set = ['a', 'b', 'tag'].filter((column) => !kind.otherKeyColumns.includes(column))
      const excluded = set.map((column) => `${column} = excluded.${column}`).join(', ')
      return `INSERT INTO ${name}(${columns}) VALUES ${row()} ON CONFLICT(${keyColumns}) DO UPDATE SET ${excluded}`
    }
    case 'update':
      return `UPDATE ${name} SET ${assignments.join(', ')} WHERE id = ${key()}`
    case 'range':
      return `UPDATE ${name} SET ${assignments.join(', ')} WHERE ${ownRows(table, owner)}`
    case 'delete':
      return `DELETE FROM ${name} WHERE id = ${key()}`
    case 'clear':
      return `DELETE FROM ${name} WHERE ${ownRows(table, owner)}`
  }
}
