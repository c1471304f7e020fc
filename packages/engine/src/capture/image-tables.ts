import type Database from 'better-sqlite3'

/** Up to so many columns are added one by one: each reads the whole schema again. */
const mostAddedSingly = 16
/** Up to so many change ids, copying the changes into a wider table is quicker than adding many columns. */
const mostCopied = 50_000

/** SQL that creates the tables that hold images, for tables of up to `width` columns. */
export function createImageTables(width: number): string {
  const images = Array.from({ length: width }, (_, index) => index)
  return `
    CREATE TABLE IF NOT EXISTS tidemark_cdc(change_id INTEGER PRIMARY KEY, change_time, change_type, shape, id,
      ${images.map((index) => `a${index}, b${index}`).join()});
    CREATE TABLE IF NOT EXISTS tidemark_evicted(shape, id, ${images.map((index) => `b${index}`).join()})`
}

/** Makes room for tables with `width` columns. `exec` runs the statements. */
export function growImages(
  db: Database.Database,
  width: number,
  exec: (sql: string) => void = (sql) => void db.exec(sql),
): void {
  const names = db.prepare<[], string>("SELECT name FROM pragma_table_info('tidemark_cdc')").pluck().all()
  const current = names.filter((name) => /^a\d/.test(name)).length
  if (width <= current) return
  const ids = 'SELECT coalesce(max(change_id) - min(change_id), 0) FROM tidemark_cdc'
  const isShort = db.prepare<[], number>(ids).pluck().get()! <= mostCopied
  exec(width - current > mostAddedSingly && isShort ? copyInto(width, names) : addColumns(current, width))
}

function addColumns(current: number, width: number): string {
  const indexes = Array.from({ length: width - current }, (_, index) => current + index)
  return indexes
    .map(
      (
        index,
      ) => `ALTER TABLE tidemark_cdc ADD COLUMN a${index}; ALTER TABLE tidemark_cdc ADD COLUMN b${index};
        ALTER TABLE tidemark_evicted ADD COLUMN b${index}`,
    )
    .join(';')
}

/** Triggers find the new tables by their names. What was put aside by an abandoned statement is forgotten. */
function copyInto(width: number, names: readonly string[]): string {
  return `
    CREATE TEMP TABLE tidemark_copy AS SELECT * FROM main.tidemark_cdc;
    DROP TABLE main.tidemark_cdc;
    DROP TABLE main.tidemark_evicted;
    ${createImageTables(width)};
    INSERT INTO main.tidemark_cdc(${names.join()}) SELECT * FROM temp.tidemark_copy;
    DROP TABLE temp.tidemark_copy`
}
