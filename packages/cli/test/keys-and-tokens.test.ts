import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serve, tidemark } from './tidemark-process.ts'

let folder: string
const file = (name: string): string => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function createKey(): Promise<void> {
  const { code, stdout } = await tidemark(
    'key',
    'create',
    '--id',
    'main',
    '--out',
    file('key.json'),
    '--json',
  )
  expect(code).toBe(0)
  const { keys } = JSON.parse(stdout) as { keys: unknown }
  writeFileSync(file('server.json'), JSON.stringify({ keys }))
}

async function createToken(allow: string): Promise<string> {
  const { code, stdout } = await tidemark(
    'token',
    'create',
    '--key',
    file('key.json'),
    '--allow',
    allow,
    '--expires',
    '5m',
  )
  expect(code).toBe(0)
  return stdout.trim()
}

describe('tidemark key create', () => {
  it('keeps the secret half in a file that only its owner can read, and never overwrites one', async () => {
    await createKey()
    expect(statSync(file('key.json')).mode & 0o777).toBe(0o600)
    expect(readFileSync(file('server.json'), 'utf8')).not.toContain('"d"')
    const again = await tidemark('key', 'create', '--id', 'other', '--out', file('key.json'))
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('never overwritten') as string })
  })
})

describe('tidemark token create', () => {
  it('makes tokens that open what they allow, and nothing else', async () => {
    await createKey()
    await using server = await serve('--data', file('data'), '--auto-create', '--config', file('server.json'))
    const sync = async (...token: string[]): Promise<number | null> =>
      (await tidemark('sync', file('a.db'), '--url', `${server.url}/db/notes`, ...token)).code
    expect(await sync()).toBe(1)
    expect(await sync('--token', await createToken('other=write'))).toBe(1)
    expect(await sync('--token', await createToken('notes=write'))).toBe(0)

    const { stderr } = await tidemark('db', 'list', '--url', server.url)
    expect(stderr).toMatch(/needed: .*--token or in TIDEMARK_TOKEN; .*\[TIDEMARK_AUTH\]\n$/u)

    const list = async (token: string): Promise<number | null> =>
      (await tidemark('db', 'list', '--url', server.url, '--token', token)).code
    expect(await list(await createToken('notes=admin'))).toBe(1)
    expect(await list(await createToken('*=admin'))).toBe(0)
  })

  it('refuses a file that is not a key', async () => {
    writeFileSync(file('key.json'), '{}')
    const { code, stderr } = await tidemark(
      'token',
      'create',
      '--key',
      file('key.json'),
      '--allow',
      'notes=read',
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/is not a key of `tidemark key create`.*\[TIDEMARK_KEY\]/u)
  })
})
