import type { Random } from './random.ts'

/**
 * A kind of table. All have the columns `id`, `a`, `b` and `tag`, so that the same statements fit them. Rows
 * of one writer have ids in its range ({@link ownKey}); those below 100 belong to nobody and are fought over.
 */
export interface TableKind {
  readonly name: string
  /** The definition, for a table of that name. */
  create(table: string): string
  /** The literal of key number n. */
  key(n: number): string
  /** Columns other than `id` that are part of a key. */
  readonly otherKeyColumns: readonly string[]
  /** A column `u` with values unique among the rows of one writer. */
  readonly hasUnique: boolean
  /** A column `up` that names another row of the same table. */
  readonly hasParent: boolean
  /** Rows are known by rowid alone. */
  readonly isKeyless: boolean
}

interface Traits {
  readonly key?: 'integer' | 'text'
  readonly otherKeyColumns?: readonly string[]
  readonly unique?: boolean
  readonly parent?: boolean
  readonly keyless?: boolean
}

function kind(name: string, columns: string, traits: Traits = {}, options = ''): TableKind {
  const text = traits.key === 'text'
  return {
    name,
    create: (table) => `CREATE TABLE ${table}(${columns.replaceAll('$', table)})${options}`,
    key: (n) => (text ? `'k${n}'` : String(n)),
    otherKeyColumns: traits.otherKeyColumns ?? [],
    hasUnique: traits.unique ?? false,
    hasParent: traits.parent ?? false,
    isKeyless: traits.keyless ?? false,
  }
}

export const TABLE_KINDS: readonly TableKind[] = [
  kind('integer key', 'id INTEGER PRIMARY KEY, a, b, tag TEXT'),
  kind('autoincrement', 'id INTEGER PRIMARY KEY AUTOINCREMENT, a, b, tag TEXT'),
  kind('text key', 'id TEXT PRIMARY KEY NOT NULL, a, b, tag TEXT', { key: 'text' }),
  kind('text key, NULL allowed', 'id TEXT PRIMARY KEY, a, b, tag TEXT', { key: 'text' }),
  kind('key without case', 'id TEXT PRIMARY KEY COLLATE NOCASE NOT NULL, a, b, tag TEXT', { key: 'text' }),
  kind('composite key', 'id, a, b, tag TEXT, PRIMARY KEY(id, a)', { otherKeyColumns: ['a'] }),
  kind('without rowid', 'tag TEXT, id TEXT PRIMARY KEY, a, b', { key: 'text' }, ' WITHOUT ROWID'),
  kind(
    'composite, without rowid',
    'a, id INTEGER, b, tag TEXT, PRIMARY KEY(id, a)',
    { otherKeyColumns: ['a'] },
    ' WITHOUT ROWID',
  ),
  kind('strict', 'id INTEGER PRIMARY KEY, a ANY, b ANY, tag TEXT', {}, ' STRICT'),
  kind(
    'generated columns',
    "id INTEGER PRIMARY KEY, v AS (coalesce(a, '') || 'v'), a, b, s AS (coalesce(b, '') || 's') STORED, tag TEXT",
  ),
  kind('descending key', 'id INTEGER PRIMARY KEY DESC, a, b, tag TEXT'),
  kind('no key', 'id INTEGER, a, b, tag TEXT', { keyless: true }),
  kind('no key, many columns', 'id INTEGER, a, b, c DEFAULT 1, d, e, f DEFAULT (1 + 1), tag TEXT', {
    keyless: true,
  }),
  kind('unique column', 'id INTEGER PRIMARY KEY, a, b, tag TEXT, u UNIQUE', { unique: true }),
  kind('unique column, text key', 'id TEXT PRIMARY KEY NOT NULL, a, b, tag TEXT, u TEXT UNIQUE', {
    key: 'text',
    unique: true,
  }),
  kind(
    'cascades',
    'id INTEGER PRIMARY KEY, a, b, tag TEXT, up REFERENCES $(id) ON DELETE CASCADE ON UPDATE CASCADE',
    { parent: true },
  ),
  kind(
    'set null',
    'id TEXT PRIMARY KEY NOT NULL, a, b, tag TEXT, up TEXT REFERENCES $(id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED',
    { key: 'text', parent: true },
  ),
  kind('replacing key', 'id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a, b, tag TEXT'),
]

export interface Table {
  readonly name: string
  readonly kind: TableKind
}

/** The n-th key of a writer; n counts from 1. Writer 0 are the rows that belong to nobody. */
export function ownKey(writer: number, n: number): number {
  return writer * 100 + n
}

/** SQL that selects the rows of a writer. */
export function ownRows(table: Table, writer: number): string {
  const keys = Array.from({ length: 99 }, (_, n) => table.kind.key(ownKey(writer, n)))
  return `id IN (${keys.join()})`
}

/** What the application's tables begin with: journals that are only appended to, tables of some kinds, triggers. */
export function initialSchema(
  random: Random,
  kinds: readonly TableKind[] = TABLE_KINDS,
): { readonly tables: readonly Table[]; readonly sql: string[] } {
  const sql = ['CREATE TABLE journal(tag TEXT)', 'CREATE TABLE trail(what TEXT, tag TEXT)']
  const tables: Table[] = []
  for (let i = random.between(1, 4); i > 0; i--) {
    const table = { name: `t${i}`, kind: random.pick(kinds) }
    tables.push(table)
    sql.push(table.kind.create(table.name))
    if (random.chance(35)) sql.push(...triggersOf(table, random))
    if (random.chance(30)) sql.push(`CREATE INDEX ${table.name}_i ON ${table.name}(b, tag)`)
  }
  return { tables, sql }
}

function triggersOf({ name, kind: { otherKeyColumns } }: Table, random: Random): string[] {
  const triggers = [
    `CREATE TRIGGER ${name}_insert AFTER INSERT ON ${name} BEGIN INSERT INTO trail VALUES ('insert', NEW.tag); END`,
    `CREATE TRIGGER ${name}_update AFTER UPDATE ON ${name} BEGIN INSERT INTO trail VALUES ('update', NEW.tag); END`,
    `CREATE TRIGGER ${name}_delete BEFORE DELETE ON ${name} BEGIN INSERT INTO trail VALUES ('delete', OLD.tag); END`,
  ]
  if (otherKeyColumns.length === 0)
    triggers.push(
      `CREATE TRIGGER ${name}_touch AFTER INSERT ON ${name} WHEN NEW.a IS NULL BEGIN UPDATE ${name} SET b = 'touched' WHERE id = NEW.id; END`,
    )
  return triggers.filter(() => random.chance(60))
}
