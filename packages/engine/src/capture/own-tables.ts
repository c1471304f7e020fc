/**
 * The tables that capture keeps in the user's database. All of them are overlay: a pull wipes them and
 * installs them again.
 *
 * `tidemark_cdc`: one row per captured change, in order of `change_id`, which is never given out twice.
 *
 * | column | meaning |
 * | --- | --- |
 * | change_id | INTEGER PRIMARY KEY; the table is never empty, so that the next id is always above all earlier ones |
 * | change_time | milliseconds since the epoch; equal for all rows changed by one statement |
 * | change_type | 1 insert, 0 update, -1 delete, 2 commit marker, 3 schema, 4 touch |
 * | shape | number of the table's shape in `tidemark_shapes`; NULL for markers and schema |
 * | id | the row's rowid before the change, NULL where the table has none; of a marker the last id before its transaction |
 * | a0, b0, a1, b1, … | after and before value of the shape's columns, without affinity; a0 of a schema row is its SQL |
 *
 * A touch says: this row is stored, and the running statement is about to insert another one with the same
 * key. Its before image is the row; its after image has only the new key. If an insert with that key follows,
 * it has replaced the row.
 *
 * `tidemark_evicted`: rows that the running statement may be about to remove through another unique key.
 * Filled before each row by a BEFORE trigger and settled right after it: see `evicted-rows.ts`.
 *
 * `tidemark_virtual_<shape>`: the rows of a virtual table as they were captured last.
 *
 * `tidemark_blocked`: pending changes that the last replay could not make in their tables, and why.
 * `tidemark_rejected`: changes that were taken out of the queue because the server refuses them; a pull
 * carries them over.
 *
 * Besides them, each table without a key has an index `tidemark_<shape>_rowids`, which is empty and keeps
 * VACUUM from numbering its rows anew.
 *
 * `tidemark_schema`: the schema whose changes have all been captured. `tidemark_state`: the cookie and
 * pragmas that belong to it, and which changes others have made first (`replica/brought-rows.ts`).
 *
 * `tidemark_base`: one row, the pull that brought the base: see `replica/pulled-base.ts`.
 */
export const changeTypes = { insert: 1, update: 0, delete: -1, commit: 2, schema: 3, touch: 4 } as const

/** Most stored columns that a synced table may have: two CDC columns each, within the 2000 that SQLite allows. */
export const maxCapturedColumns = 990

/** Milliseconds since the epoch, with functions that every SQLite since 3.0 has; constant within a statement. */
export const nowMs = 'CAST((julianday()-2440587.5)*86400000.0+0.5 AS INTEGER)'

/** SQL condition on `tidemark_cdc`: the row is a change, not something that only helps to read others. */
export const isOperation = 'change_type NOT IN (2, 4)'

/** Names of the tables. */
export const ownTables = [
  'tidemark_cdc',
  'tidemark_evicted',
  'tidemark_blocked',
  'tidemark_rejected',
  'tidemark_shapes',
  'tidemark_schema',
  'tidemark_state',
  'tidemark_base',
] as const

/**
 * Names that begin like one of these are never captured nor pushed: ours, Turso's and SQLite's own. A Turso
 * server refuses the last.
 */
const reservedPrefixes = ['tidemark_', 'turso_', 'sqlite_', '__turso_internal_'] as const

/** True for a name with one of {@link reservedPrefixes}, in letters of either case. */
export function isReservedName(name: string): boolean {
  return reservedPrefixes.some((prefix) => name.toLowerCase().startsWith(prefix))
}

/** True for a table that would stand before the function of the same name, by which the schema is read. */
export function hidesPragma(name: string): boolean {
  return /^pragma_/i.test(name)
}

/** SQL condition that excludes {@link isReservedName} for the column `column`. */
export function notReserved(column: string): string {
  return reservedPrefixes
    .map((prefix) => `${column} NOT LIKE '${prefix.replaceAll('_', '\\_')}%' ESCAPE '\\'`)
    .join(' AND ')
}
