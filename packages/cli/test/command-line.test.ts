import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
    for (const name of ['serve', 'db', 'health', 'status', 'sync', 'checkpoint'])
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
    [['db', 'list', '--url', 'http://localhost', '--data', '.'], /cannot be used with option/u],
    [['db', 'list'], /give --url/u],
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

  it('is one JSON value on standard error with --json', async () => {
    const { code, stderr } = await tidemark('status', join(folder, 'missing.db'), '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'TIDEMARK_NO_FILE', recovery: 'operator' } })
  })

  it('leaves a file that was never synced as it was and names the ways out', async () => {
    const path = join(folder, 'plain.db')
    writeFileSync(path, 'not a database')
    for (const command of ['status', 'checkpoint', 'sync']) {
      const { code, stderr } = await tidemark(command, path)
      expect({ command, code }).toEqual({ command, code: 1 })
      expect(stderr).toMatch(/^error: .*adopt.*\n$/u)
    }
  })

  it('exits 3 where the server cannot be reached, since the same command may succeed later', async () => {
    const { code, stderr } = await tidemark('health', '--url', 'http://127.0.0.1:1')
    expect(code).toBe(3)
    expect(stderr).toMatch(/cannot reach http:\/\/127\.0\.0\.1:1: .*\[TIDEMARK_NETWORK\]/u)
  })
})
