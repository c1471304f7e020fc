/** Tables of each key kind, an index, a view, and a trigger that writes rows of its own. */
export const SCHEMA = `
CREATE TABLE country (
  code TEXT PRIMARY KEY,
  cities INTEGER NOT NULL
);
CREATE TABLE region (
  country TEXT NOT NULL REFERENCES country (code),
  admin TEXT NOT NULL,
  cities INTEGER NOT NULL,
  PRIMARY KEY (country, admin)
) WITHOUT ROWID;
CREATE TABLE city (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  other_name TEXT,
  country TEXT NOT NULL REFERENCES country (code),
  admin TEXT NOT NULL,
  feature TEXT NOT NULL,
  population INTEGER NOT NULL CHECK (population >= 0),
  longitude REAL NOT NULL,
  latitude REAL NOT NULL
);
CREATE INDEX city_by_country ON city (country, population DESC);
CREATE TABLE census (city INTEGER NOT NULL, was INTEGER NOT NULL, became INTEGER NOT NULL);
CREATE TABLE note (city INTEGER NOT NULL, author TEXT NOT NULL, body TEXT NOT NULL);
CREATE TRIGGER city_census AFTER UPDATE OF population ON city WHEN new.population <> old.population
BEGIN
  INSERT INTO census VALUES (new.id, old.population, new.population);
END;
CREATE VIEW large_city AS SELECT id, name, country, population FROM city WHERE population >= 1000000;
`

/** The user's tables, each with the columns that put its rows in one order everywhere. */
export const TABLES: Readonly<
  Record<string, { readonly columns: readonly string[]; readonly order: string }>
> = {
  country: { columns: ['code', 'cities'], order: 'code' },
  region: { columns: ['country', 'admin', 'cities'], order: 'country, admin' },
  city: {
    columns: [
      'id',
      'name',
      'other_name',
      'country',
      'admin',
      'feature',
      'population',
      'longitude',
      'latitude',
    ],
    order: 'id',
  },
  census: { columns: ['city', 'was', 'became'], order: 'city, was, became' },
  note: { columns: ['city', 'author', 'body'], order: 'city, author, body' },
}
