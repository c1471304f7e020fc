/** A value with its storage class, so that 1, 1.0, '1' and x'31' are four things. */
export type TaggedValue = string

/** Runs a query and gives its rows, integers as bigint. */
export type Query = (sql: string) => Promise<unknown[][]>

/** All rows of all tables of the user, by table, in an order that depends on the rows alone. */
export async function tableContents(query: Query): Promise<Record<string, TaggedValue[][]>> {
  const names = await query(
    `SELECT name FROM sqlite_schema WHERE type = 'table'
     AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'turso_*' AND name NOT GLOB '__turso_*' AND name NOT GLOB 'tidemark_*' ORDER BY name`,
  )
  const contents: Record<string, TaggedValue[][]> = {}
  for (const [name] of names as [string][]) {
    const rows = (await query(`SELECT * FROM "${name}"`)).map((row) => row.map(tagged))
    contents[name] = rows.toSorted((a, b) => compare(JSON.stringify(a), JSON.stringify(b)))
  }
  return contents
}

/** Storage class and exact value as one text. */
export function tagged(value: unknown): TaggedValue {
  if (value === null) return 'null'
  if (typeof value === 'bigint') return `integer ${value}`
  if (typeof value === 'number') return `real ${Object.is(value, -0) ? '-0' : value}`
  if (typeof value === 'string') return `text ${JSON.stringify(value)}`
  if (value instanceof Uint8Array) return `blob ${Buffer.from(value).toString('base64')}`
  throw new TypeError(`not a value of SQLite: ${typeof value}`)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
