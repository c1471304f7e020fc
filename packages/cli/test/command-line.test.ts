import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tidemark } from './tidemark-process.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the command line', () => {
  it('explains itself, with its exit codes, and exits 0', async () => {
    const { code, stdout } = await tidemark('--help')
    expect(code).toBe(0)
    expect(stdout).toContain('Usage: tidemark')
    for (const name of [
      'serve',
      'db',
      'health',
      'status',
      'pending',
      'sync',
      'checkpoint',
      'discard',
      'reset',
    ])
      expect(stdout).toContain(`  ${name} `)
    expect(stdout).toContain('Exit codes:')
  })

  it('prints its version', async () => {
    const { code, stdout } = await tidemark('--version')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/u)
  })

  it.each([
    [['nonsense'], /unknown command 'nonsense'/u],
    [['status'], /missing required argument 'file'/u],
    [['serve', '--port', 'eighty'], /--port.*a port is a number from 0 to 65535/u],
    [['sync', 'x.db', '--existing', 'maybe'], /Allowed choices are refuse, adopt, replace/u],
    [['pending', 'x.db', '--limit', '0'], /a limit is a number from 1 to 999999/u],
    [['discard', 'x.db', '--yes'], /which changes\? give --change, --table, --all or --rejected/u],
    [['discard', 'x.db', '--key', '7'], /--key needs --table/u],
    [['discard', 'x.db', '--change', 'last'], /a change has a number/u],
    [['discard', 'x.db', '--all', '--table', 'note'], /cannot be used with option/u],
    [['discard', 'x.db', '--table', 'note', '--key', '"'], /as in JSON/u],
    [['db', 'list', '--url', 'http://localhost', '--data', '.'], /cannot be used with option/u],
    [['db', 'list'], /give --url/u],
    [['db', 'list', '--url', 'nonsense'], /'nonsense' is invalid\. a server's address is like http/u],
    [['db', 'create', 'a', '--url', ''], /a server's address is like http/u],
    [['health', '--url', 'localhost:8080'], /'localhost:8080' is invalid\. a server's address is like http/u],
    [['key', 'create', '--id', '', '--out', 'missing/never'], /a key needs a name/u],
    [['token', 'create', '--key', 'k', '--allow', 'a=read', '--expires', '0s'], /give a number/u],
    [['health', '--url', 'http://me:secret@localhost'], /give --token/u],
    [['token', 'create', '--key', 'k', '--allow', 'Bad Name=read'], /a database has up to 63/u],
  ])('refuses %j with exit code 2 and one line that says what is wrong', async (args, message) => {
    const { code, stdout, stderr } = await tidemark(...args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/--help/u)
  })
})

describe('a failure', () => {
  it('is one line that says what happened and what to do, with its code', async () => {
    const { code, stdout, stderr } = await tidemark('status', join(folder, 'missing.db'))
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^error: there is no file .*missing\.db; .* \[TIDEMARK_NO_FILE\]\n$/u)
  })

  it('of the configuration names the file that it is in', async () => {
    const file = join(folder, 'config.json')
    writeFileSync(file, '{"prt": 8081}')
    const { code, stderr } = await tidemark('serve', '--data', join(folder, 'data'), '--config', file)
    expect(code).toBe(1)
    expect(stderr).toBe(`error: Configuration: ${file}: ✖ Unrecognized key: "prt". [TIDEMARK_CONFIG]\n`)
  })

  it('is one JSON value on standard error with --json', async () => {
    const { code, stderr } = await tidemark('status', join(folder, 'missing.db'), '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'TIDEMARK_NO_FILE', recovery: 'operator' } })
  })

  it('shows nothing that acts on the terminal', async () => {
    const path = join(folder, '\u001B[31m\u009B31m')
    const { stderr } = await tidemark('status', path)
    expect(stderr).toContain(String.raw`there is no file ${folder}/\u001b[31m\u009b31m;`)
    const inJson = await tidemark('status', path, '--json')
    expect(inJson.stderr).not.toContain('\u009B')
    expect(JSON.parse(inJson.stderr)).toMatchObject({
      error: { message: expect.stringContaining(path) as string },
    })
  })

  it('leaves a file that was never synced as it was and names the ways out', async () => {
    const path = join(folder, 'plain.db')
    new Database(path).exec('CREATE TABLE t (a)').close()
    const bytes = readFileSync(path)
    for (const command of ['status', 'pending', 'checkpoint', 'sync', 'reset']) {
      const { code, stderr } = await tidemark(command, path)
      expect({ command, code }).toEqual({ command, code: 1 })
      expect(stderr).toMatch(/^error: .*--existing adopt.*\n$/u)
    }
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  it('says of a file that is not SQLite’s that it is none of a database, not that it could be adopted', async () => {
    const path = join(folder, 'text.db')
    writeFileSync(path, 'not a database')
    for (const command of ['status', 'pending', 'checkpoint', 'sync', 'reset']) {
      const { code, stderr } = await tidemark(command, path)
      expect({ command, code }).toEqual({ command, code: 1 })
      expect(stderr).toMatch(/^error: .* is not a SQLite database, .*\[TIDEMARK_NOT_A_DATABASE\]\n$/u)
    }
    expect(readFileSync(path, 'utf8')).toBe('not a database')
  })

  it('says of a folder that it is none of a database, not that it could be adopted', async () => {
    for (const command of ['status', 'pending', 'checkpoint', 'sync', 'reset']) {
      const { code, stderr } = await tidemark(command, folder)
      expect({ command, code }).toEqual({ command, code: 1 })
      expect(stderr).toMatch(/^error: .* is a folder, not a file\. \[TIDEMARK_NOT_A_DATABASE\]\n$/u)
    }
  })

  it('exits 2 where an option is refused later than by the command line, and makes nothing', async () => {
    const path = join(folder, 'never.db')
    const { code, stderr } = await tidemark('sync', path, '--url', 'nonsense')
    expect({ code, made: existsSync(path) }).toEqual({ code: 2, made: false })
    expect(stderr).toMatch(/expected http:\/\/.*got "nonsense"/u)
  })

  it('says that there is no data folder at a mistyped path, and makes none', async () => {
    const missing = join(folder, 'missing')
    const { code, stderr } = await tidemark('db', 'list', '--data', missing)
    expect({ code, made: existsSync(missing) }).toEqual({ code: 1, made: false })
    expect(stderr).toMatch(/^error: there is no folder .*missing; .* \[TIDEMARK_NO_FOLDER\]\n$/u)
  })

  it('names the data folder that is none', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const { code, stderr } = await tidemark('serve', '--port', '0', '--data', join(file, 'data'))
    expect(code).toBe(1)
    expect(stderr).toBe(`error: ${file} is not a folder. [TIDEMARK_NOT_A_FOLDER]\n`)
  })

  it('exits 2 for a port that fetch never uses: later is no help', async () => {
    const { code, stderr } = await tidemark('health', '--url', 'http://localhost:6000')
    expect(code).toBe(2)
    expect(stderr).toMatch(/no request is ever sent to the port of http:\/\/localhost:6000/u)
  })

  it.runIf(existsSync('/proc/self'))('names the file that a data folder does not take', async () => {
    const { code, stderr } = await tidemark('serve', '--port', '0', '--data', '/proc')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: the file \/proc\/lock cannot be made .* \[TIDEMARK_FOLDER\]\n$/u)
  })

  it('exits 3 where the server cannot be reached, since the same command may succeed later', async () => {
    const { code, stderr } = await tidemark('health', '--url', 'http://127.0.0.1:2')
    expect(code).toBe(3)
    expect(stderr).toMatch(/cannot reach http:\/\/127\.0\.0\.1:2: .*\[TIDEMARK_NETWORK\]/u)
  })
})
