import type { Database } from '@tidemark/sdk-node'

/** Cities that both applications add under the same id, with different content. */
const BOTH_ADD = 50
const FIRST_NEW_ID = 90_000_000
/** Of the smallest American cities: Ada deletes all of these, Bo edits every fifth. */
const CLOSED = 500

const SMALLEST = `SELECT id FROM city WHERE country = 'US' ORDER BY population, id LIMIT ${CLOSED}`

/** What Ada does on her train, and how many rows each statement changed. */
export function editAsAda(db: Database): Record<string, number> {
  return inOneTransaction(db, {
    'new census of Germany': `UPDATE city SET population = population + population / 50 + 1 WHERE country = 'DE'`,
    'French names in capitals': `UPDATE city SET name = upper(name) WHERE country = 'FR'`,
    'small American cities closed': `DELETE FROM city WHERE id IN (${SMALLEST})`,
    'cities founded': foundCities('Ada', FIRST_NEW_ID, 400),
    'notes on Italian cities': `INSERT INTO note SELECT id, 'Ada', 'ciao ' || name FROM city WHERE country = 'IT' ORDER BY id LIMIT 1000`,
    'regions of Austria': `UPDATE region SET cities = cities + 1 WHERE country = 'AT'`,
  })
}

/** What Bo does on his boat meanwhile: partly the same rows, partly other columns of the same rows. */
export function editAsBo(db: Database): Record<string, number> {
  return inOneTransaction(db, {
    'Bavarian populations corrected': `UPDATE city SET population = population + 7 WHERE country = 'DE' AND admin = '02'`,
    'French coordinates rounded': `UPDATE city SET longitude = round(longitude, 2), latitude = round(latitude, 2) WHERE country = 'FR'`,
    'some of the closed cities renamed': `UPDATE city SET name = 'New ' || name WHERE id IN (SELECT id FROM (${SMALLEST}) WHERE id % 5 = 0)`,
    'cities founded': foundCities('Bo', FIRST_NEW_ID + 400 - BOTH_ADD, 400),
    'notes on Spanish cities': `INSERT INTO note SELECT id, 'Bo', 'hola ' || name FROM city WHERE country = 'ES' ORDER BY id LIMIT 1000`,
    'Polish villages removed': `DELETE FROM city WHERE country = 'PL' AND population < 1500`,
  })
}

function inOneTransaction(
  db: Database,
  statements: Readonly<Record<string, string>>,
): Record<string, number> {
  return db.transaction(() =>
    Object.fromEntries(
      Object.entries(statements).map(([what, sql]) => [what, Number(db.prepare(sql).run().changes)]),
    ),
  )()
}

function foundCities(founder: string, firstId: number, count: number): string {
  return `INSERT INTO city
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
    SELECT ${firstId} + i, '${founder}ville ' || i, NULL, 'CH', 'ZH', 'PPL', 1000 + i, 8.5 + i / 1000.0, 47.4 FROM n`
}
