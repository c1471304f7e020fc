import type { Database } from '@tidemark/sdk-node'

const FIRST_NEW_ID = 90_000_000
const FOUNDED = 400
/** Cities that both applications found under the same id. */
const FOUNDED_TWICE = 50
/** Of the smallest American cities, Ada deletes all of these, and Bo renames some. */
const SMALLEST = `SELECT id FROM city WHERE country = 'US' ORDER BY population, id LIMIT 500`

const ADAS_EDITS = {
  census: `UPDATE city SET population = population + population / 50 + 1 WHERE country = 'DE'`,
  renamed: `UPDATE city SET name = upper(name) WHERE country = 'FR'`,
  regions: `UPDATE region SET cities = cities + 1 WHERE country = 'AT'`,
  deleted: `DELETE FROM city WHERE id IN (${SMALLEST})`,
  founded: foundCities('Ada', FIRST_NEW_ID),
  noted: `INSERT INTO note SELECT id, 'Ada', 'ciao ' || name FROM city WHERE country = 'IT' ORDER BY id LIMIT 1000`,
}

/** Partly the same rows with other values, partly other columns of the same rows, partly rows that Ada deletes. */
const BOS_EDITS = {
  census: `UPDATE city SET population = population + 7 WHERE country = 'DE' AND admin = '02'`,
  moved: `UPDATE city SET longitude = round(longitude, 2), latitude = round(latitude, 2) WHERE country = 'FR'`,
  renamedDeleted: `UPDATE city SET name = 'New ' || name WHERE id IN (SELECT id FROM (${SMALLEST}) WHERE id % 5 = 0)`,
  deleted: `DELETE FROM city WHERE country = 'PL' AND population < 1500`,
  founded: foundCities('Bo', FIRST_NEW_ID + FOUNDED - FOUNDED_TWICE),
  noted: `INSERT INTO note SELECT id, 'Bo', 'hola ' || name FROM city WHERE country = 'ES' ORDER BY id LIMIT 1000`,
}

type RowCounts = Readonly<Record<string, number>>

/** How many rows each edit changed. */
export interface Edits {
  readonly ada: RowCounts
  readonly bo: RowCounts
}

/** What Ada or Bo does while the server is away, in one transaction. */
export function editOffline(db: Database, who: keyof typeof EDITS): Record<string, number> {
  return db.transaction(() =>
    Object.fromEntries(
      Object.entries(EDITS[who]).map(([what, sql]) => [what, db.prepare(sql).run().changes]),
    ),
  )()
}

const EDITS = { Ada: ADAS_EDITS, Bo: BOS_EDITS }

/**
 * The rows that there must be in the end, whatever the order in which the edits met: what Bo renamed comes
 * back, since his push came last.
 */
export function expectedRows(before: RowCounts, { ada, bo }: Edits, outsidersNotes: number): RowCounts {
  const count = (counts: RowCounts, name: string): number => counts[name] ?? 0
  return {
    ...before,
    city:
      count(before, 'city') -
      count(ada, 'deleted') +
      count(bo, 'renamedDeleted') -
      count(bo, 'deleted') +
      count(ada, 'founded') +
      count(bo, 'founded') -
      FOUNDED_TWICE,
    census: count(before, 'census') + count(ada, 'census') + count(bo, 'census'),
    note: count(before, 'note') + count(ada, 'noted') + count(bo, 'noted') + outsidersNotes,
  }
}

function foundCities(founder: string, firstId: number): string {
  return `INSERT INTO city
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${FOUNDED - 1})
    SELECT ${firstId} + i, '${founder}ville ' || i, NULL, 'CH', 'ZH', 'PPL', 1000 + i, 8.5 + i / 1000.0, 47.4 FROM n`
}
