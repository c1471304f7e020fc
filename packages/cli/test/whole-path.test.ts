import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { read, write } from './sqlite-file.ts'
import { servedFiles } from './served-files.ts'
import { json, serve, tidemark } from './tidemark-process.ts'

/** What most tests need of a server; each takes databases of its own. */
const served = servedFiles()
const { file } = served

describe('tidemark serve', () => {
  it('serves until it is told to stop, by SIGTERM or by SIGINT, and exits 0', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      await using serving = await serve('--data', file('data'))
      expect(await json('health', '--url', serving.url)).toMatchObject({
        milliseconds: expect.any(Number) as number,
      })
      expect(await serving.stop(signal)).toBe(0)
    }
  })

  it('goes on serving when nobody reads its logs any more', async () => {
    await using serving = await serve('--data', file('data'), '--log-level', 'info')
    serving.stopReadingLogs()
    for (let request = 0; request < 5; request++)
      expect(await json('health', '--url', serving.url)).toBeTruthy()
    expect(await serving.stop()).toBe(0)
  })

  it('refuses an address that is not loopback while it has no keys', async () => {
    const { code, stderr } = await tidemark(
      'serve',
      '--data',
      file('data'),
      '--host',
      '0.0.0.0',
      '--port',
      '0',
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: .*loopback/u)
  })
})

describe('tidemark serve --root-database', () => {
  it('serves one database at the root URL as well as under its name', async () => {
    await using serving = await serve('--data', file('data'), '--root-database', 'main')
    await json('sync', file('a.db'), '--url', serving.url)
    write(file('a.db'), 'CREATE TABLE note (id INTEGER PRIMARY KEY); INSERT INTO note VALUES (7)')
    await json('sync', file('a.db'))
    await json('sync', file('b.db'), '--url', `${serving.url}/db/main`)
    expect(read(file('b.db'), 'SELECT id FROM note')).toEqual([7])
  })
})

describe('two servers', () => {
  it('do not share a data folder: the second says who is in the way and exits 3', async () => {
    const { code, stderr } = await tidemark('serve', '--data', served.data, '--port', '0')
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error: A server that runs has .*lock.*\[TIDEMARK_BUSY\]\n$/u)
  })

  it('do not share a port: the second says so and exits 1', async () => {
    const port = new URL(served.url).port
    const { code, stderr } = await tidemark('serve', '--data', file('other'), '--port', port)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: .*another --port\. \[EADDRINUSE\]\n$/u)
  })
})

describe('tidemark db', () => {
  it('creates, lists, shows and destroys databases of a running server', async () => {
    const at = ['--url', served.url]
    expect(await json('db', 'create', 'notes', ...at)).toMatchObject({ name: 'notes' })
    expect(await json('db', 'list', ...at)).toContainEqual(expect.objectContaining({ name: 'notes' }))
    expect(await json('db', 'show', 'notes', ...at)).toMatchObject({ name: 'notes' })
    const refused = await tidemark('db', 'destroy', 'notes', ...at)
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') as string })
    expect(await json('db', 'destroy', 'notes', '--yes', ...at)).toEqual({ destroyed: 'notes' })
    expect(await json('db', 'list', ...at)).not.toContainEqual(expect.objectContaining({ name: 'notes' }))
  })

  it('does the same on the data folder of a server that is not running', async () => {
    const at = ['--data', file('data')]
    await json('db', 'create', 'notes', ...at)
    expect(await json('db', 'list', ...at)).toMatchObject([{ name: 'notes' }])
    await json('db', 'destroy', 'notes', '--yes', ...at)
    expect(await json('db', 'list', ...at)).toEqual([])
  })

  it('says which database is missing', async () => {
    const { code, stderr } = await tidemark('db', 'show', 'nothing', '--url', served.url)
    expect(code).toBe(1)
    expect(stderr).toMatch(/nothing.*\[TIDEMARK_NO_SUCH_DATABASE\]/u)
  })
})

describe('a sync that fails', () => {
  it('says how many changes are kept in the file, and exits 3 where the server is not reachable', async () => {
    const url = `${served.url}/db/kept`
    await json('sync', file('a.db'), '--url', url)
    write(file('a.db'), 'CREATE TABLE note (id INTEGER PRIMARY KEY); INSERT INTO note VALUES (7)')
    const { code, stderr } = await tidemark('sync', file('a.db'), '--url', 'http://127.0.0.1:2/db/kept')
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error: .*; 2 changes pending, kept in .*a\.db\. Run .* \[TIDEMARK_NETWORK\]\n$/u)
    expect(await json('sync', file('a.db'), '--url', url)).toMatchObject({ pushed: 2 })
  })

  it('names the row that the server refuses and the ways out, and exits 4', async () => {
    const url = `${served.url}/db/refused`
    await json('sync', file('a.db'), '--url', url)
    write(file('a.db'), 'CREATE TABLE note (id TEXT PRIMARY KEY, title UNIQUE)')
    await json('sync', file('a.db'))
    await json('sync', file('b.db'), '--url', url)
    write(file('a.db'), `INSERT INTO note VALUES ('mine', 1)`)
    await json('sync', file('a.db'))
    write(file('b.db'), `INSERT INTO note VALUES ('yours', 1)`)
    const { code, stderr } = await tidemark('sync', file('b.db'))
    expect(code).toBe(4)
    expect(stderr).toMatch(
      /in table note, row "yours": UNIQUE .*; 1 change pending, kept in .*`tidemark pending FILE`.*`tidemark discard FILE --change NUMBER`.*\[TIDEMARK_REJECTED\]/u,
    )
  })

  it('names the scheme where the server speaks no HTTPS', async () => {
    const address = served.url.replace('http:', 'https:')
    for (const args of [
      ['sync', file('a.db'), '--url', `${address}/db/a`],
      ['health', '--url', address],
    ]) {
      const { stderr } = await tidemark(...args)
      expect(stderr).toContain('try http://')
    }
  })
})

describe('tidemark sync, status and checkpoint', () => {
  it('carry a row from one file to another, and tell what is pending in between', async () => {
    const url = `${served.url}/db/carried`
    await json('sync', file('a.db'), '--url', url)
    write(
      file('a.db'),
      `CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO note VALUES (1, 'hello')`,
    )
    expect(await json('sync', file('a.db'))).toMatchObject({ pushed: 2 })
    expect(await json('status', file('a.db'))).toMatchObject({ pending: 0, url })

    write(file('a.db'), `INSERT INTO note VALUES (2, 'from another program')`)
    expect(await json('status', file('a.db'))).toMatchObject({ pending: 1 })
    expect(await json('checkpoint', file('a.db'))).toMatchObject({ pending: 1, walBytes: 0 })
    expect(await json('sync', file('a.db'))).toMatchObject({ pushed: 1 })

    expect(await json('sync', file('b.db'), '--url', url)).toMatchObject({ pushed: 0 })
    expect(read(file('b.db'), 'SELECT body FROM note ORDER BY id')).toEqual(['hello', 'from another program'])
  })

  it('status tells what was set aside, and what is blocked', async () => {
    await json('sync', file('a.db'), '--url', `${served.url}/db/set-aside`)
    expect(await json('status', file('a.db'))).toMatchObject({ rejected: 0, blocked: 0 })
    write(
      file('a.db'),
      `INSERT INTO tidemark_rejected VALUES (7, 7, 0, 'SQLITE_CONSTRAINT_CHECK', 'no', x'00'); INSERT INTO tidemark_blocked VALUES (9, 'SQLITE_ERROR', 'no')`,
    )
    expect(await json('status', file('a.db'))).toMatchObject({ rejected: 1, blocked: 1 })
    const { stdout } = await tidemark('status', file('a.db'))
    expect(stdout).toMatch(/set aside +1 rejected change\n/u)
    expect(stdout).toMatch(/blocked +1 change of these/u)
  })

  it('push all of an existing file with --existing adopt, and only then', async () => {
    const url = `${served.url}/db/adopted`
    write(
      file('old.db'),
      `CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO note VALUES (1, 'old')`,
    )
    expect(await tidemark('sync', file('old.db'), '--url', url)).toMatchObject({ code: 1 })
    expect(existsSync(file('old.db-info'))).toBe(false)
    expect(await json('sync', file('old.db'), '--url', url, '--existing', 'adopt')).toMatchObject({
      pushed: 2,
    })
  })

  it('status leaves every file as it was', async () => {
    await json('sync', file('a.db'), '--url', `${served.url}/db/looked-at`)
    const open = new Database(file('a.db'))
    open.exec('CREATE TABLE note (id INTEGER PRIMARY KEY)')
    const before = await json('status', file('a.db'))
    expect(await json('status', file('a.db'))).toEqual(before)
    expect(before).toMatchObject({ walBytes: expect.any(Number) as number })
    open.close()
  })
})
