import { createHash } from 'node:crypto'
import { TABLES } from './schema.ts'

/** Runs one SELECT that gives a single text, on a client's file or over the server's SQL endpoint. */
export type TextQuery = (sql: string) => string | Promise<string>

/** What one replica holds. Two replicas converged when all of it is equal. */
export interface Proof {
  readonly rows: Readonly<Record<string, number>>
  /** SHA-256 over every value of every row, with its type, and over the schema. */
  readonly digest: string
  readonly integrity: string
}

const CHUNK_ROWS = 10_000

/** Reads everything: counts, content, schema, and SQLite's own integrity check. */
export async function prove(query: TextQuery): Promise<Proof> {
  const hash = createHash('sha256')
  const rows: Record<string, number> = {}
  for (const [table, { columns, order }] of Object.entries(TABLES)) {
    const count = Number(await query(`SELECT CAST(count(*) AS TEXT) FROM ${table}`))
    const values = columns.map((column) => `quote(${column})`).join(` || ',' || `)
    for (let offset = 0; offset < count; offset += CHUNK_ROWS) {
      const chunk = `SELECT ${values} AS line FROM ${table} ORDER BY ${order} LIMIT ${CHUNK_ROWS} OFFSET ${offset}`
      hash.update(await query(`SELECT group_concat(line, char(10)) FROM (${chunk})`)).update('\n')
    }
    rows[table] = count
  }
  hash.update(await query(SCHEMA_TEXT))
  return {
    rows,
    digest: hash.digest('hex'),
    integrity: await query('SELECT integrity_check FROM pragma_integrity_check'),
  }
}

const SCHEMA_TEXT = `SELECT group_concat(type || ' ' || name || ' ' || sql, char(10)) FROM (
  SELECT type, name, sql FROM sqlite_schema
  WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'tidemark~_%' ESCAPE '~' AND tbl_name NOT LIKE 'turso~_%' ESCAPE '~'
    AND tbl_name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT LIKE 'tidemark~_%' ESCAPE '~'
  ORDER BY type, name)`
