import { existsSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contentOf, TursoSite } from './turso-site.ts'

/** A closed file of Turso's client: one row pushed, one pending. */
async function tursoFile(site: TursoSite, file: string): Promise<void> {
  const turso = await site.turso(file)
  await turso.exec("CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('pushed')")
  await turso.push()
  await turso.exec("INSERT INTO t VALUES ('pending')")
  await turso.close()
}

test('a file of Turso’s client is told from a damaged one, whatever `existing` says', async () => {
  await using site = await TursoSite.start()
  await tursoFile(site, 'turso.db')
  for (const existing of ['refuse', 'adopt', 'replace'] as const) {
    await expect(site.client('turso.db', { existing })).rejects.toThrow("Turso's client wrote it")
  }
  const turso = await site.turso('turso.db')
  await turso.push()
  expect(await site.sql('SELECT id FROM t')).toEqual([['pushed'], ['pending']])
  await turso.close()
})

test.each([
  ['adopt', [{ id: 'pending' }, { id: 'pushed' }]],
  ['replace', [{ id: 'pushed' }]],
] as const)(
  'its state moved away, the file can be opened with existing: %s, and syncs',
  async (existing, rows) => {
    await using site = await TursoSite.start()
    await tursoFile(site, 'turso.db')
    expect(existsSync(site.path('turso.db-info'))).toBe(true)
    rmSync(site.path('turso.db-info'))
    const client = await site.client('turso.db', { existing })
    await client.sync()
    expect(contentOf(client)['t']).toEqual(rows)
    expect(await site.sql('SELECT id FROM t ORDER BY id')).toEqual(rows.map(({ id }) => [id]))
    expect(await site.sql("SELECT name FROM sqlite_schema WHERE name GLOB '__turso_*'")).toEqual([])
  },
)
