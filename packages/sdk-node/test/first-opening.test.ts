import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { SyncServer } from './sync-server.ts'

const CHILD = fileURLToPath(new URL('./bootstrap-child.ts', import.meta.url))
const NAMES = ['one', 'three', 'two']

/** Opens the same new file from three processes at once. What each has downloaded, in pages. */
async function openAtOnce(path: string, url: string): Promise<number[]> {
  const run = promisify(execFile)
  const outputs = await Promise.all(NAMES.map((name) => run(process.execPath, [CHILD, path, url, name])))
  return outputs.map(({ stdout }) => Number(stdout))
}

test('processes that open the same new file at once download it once, and all write to it', async () => {
  await using server = new SyncServer()
  const a = await server.client('a.db')
  a.exec(`CREATE TABLE who (name TEXT PRIMARY KEY); CREATE TABLE filler (body BLOB);
    WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO filler SELECT randomblob(4000) FROM n`)
  await a.push()
  const pages = await openAtOnce(server.directory.file('new.db'), server.url())
  expect(pages.filter((count) => count > 300)).toHaveLength(1)
  expect(pages.filter((count) => count === 0)).toHaveLength(2)
  await a.pull()
  expect(a.prepare('SELECT name FROM who ORDER BY name').pluck().all()).toEqual(NAMES)
  expect(readdirSync(server.directory.path).filter((name) => name.includes('bootstrap'))).toEqual([])
})

test('processes that make the same new file at once, without a server, make one replica', async () => {
  await using server = new SyncServer()
  const path = server.directory.file('new.db')
  await openAtOnce(path, '')
  const db = server.open('new.db')
  await db.sync()
  const b = await server.client('b.db')
  expect(b.prepare('SELECT name FROM who ORDER BY name').pluck().all()).toEqual(NAMES)
})
