import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from './load-config.ts'

const KEY = { kid: '1', x: 'a'.repeat(43) }

let directory: string
let file: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-config-'))
  file = join(directory, 'config.json')
  writeFileSync(file, JSON.stringify({ port: 1000, data: '/from-file', workers: 3 }))
})

afterAll(() => {
  rmSync(directory, { recursive: true })
})

describe('configuration', () => {
  test('flags go before the environment, which goes before the file, which goes before the defaults', () => {
    const config = loadConfig({
      flags: { port: 3000, data: undefined },
      env: { TIDEMARK_PORT: '2000', TIDEMARK_WORKERS: '2', OTHER: 'x' },
      file,
    })
    expect(config).toMatchObject({ port: 3000, workers: 2, data: '/from-file', host: '127.0.0.1' })
  })

  test('text from the environment becomes what the setting is', () => {
    const env = {
      TIDEMARK_AUTO_CREATE: 'true',
      TIDEMARK_MAX_PUSH_BYTES: '1024',
      TIDEMARK_ROOT_DATABASE: '123',
      TIDEMARK_HOST_DOMAINS: 'a.example, b.example',
      TIDEMARK_KEYS: JSON.stringify([KEY]),
      TIDEMARK_HOST: '0.0.0.0',
    }
    expect(loadConfig({ env })).toMatchObject({
      autoCreate: true,
      maxPushBytes: 1024,
      rootDatabase: '123',
      hostDomains: ['a.example', 'b.example'],
      keys: [KEY],
      host: '0.0.0.0',
    })
  })

  test('a list in the environment is JSON or separated by commas', () => {
    const listOf = (text: string): unknown =>
      loadConfig({ env: { TIDEMARK_HOST_DOMAINS: text, TIDEMARK_REVOKED_TOKENS: text } })
    for (const text of ['["a.example", "b.example"]', ' [ "a.example","b.example" ]', 'a.example,b.example'])
      expect(listOf(text)).toMatchObject({
        hostDomains: ['a.example', 'b.example'],
        revokedTokens: ['a.example', 'b.example'],
      })
    expect(messageOf(() => listOf('["a.example"'))).toContain('TIDEMARK_HOST_DOMAINS')
  })

  test.each(['0.0.0.0', '::', '192.168.1.1', 'example.com', '127.0.0.1.example.com', '1270.0.0.1'])(
    'without keys the address %s is refused',
    (host) => {
      expect(() => loadConfig({ flags: { host } })).toThrow(
        expect.objectContaining({ code: 'TIDEMARK_CONFIG' }),
      )
      expect(loadConfig({ flags: { host, keys: [KEY] } }).host).toBe(host)
    },
  )

  test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])(
    'without keys the address %s is served',
    (host) => {
      expect(loadConfig({ flags: { host } }).host).toBe(host)
    },
  )

  test.each([
    { port: 70_000 },
    { port: 'x' },
    { workers: 0 },
    { nonsense: 1 },
    { rootDatabase: '../x' },
    { durability: 'maybe' },
    // Beyond what timers take and what SQLite calls a limit.
    { turnWaitMs: 2 ** 31 },
    { maxDatabaseBytes: 4095 },
    { keys: [{ kid: '1', x: 'short' }] },
  ])('%j is refused with the name of the setting', (flags) => {
    expect(() => loadConfig({ flags })).toThrow(new RegExp(Object.keys(flags)[0]!))
  })

  test('a file that is not there or not JSON is refused with its path', () => {
    const broken = join(directory, 'broken.json')
    writeFileSync(broken, '{')
    expect(() => loadConfig({ file: broken })).toThrow(broken)
    expect(() => loadConfig({ file: join(directory, 'missing.json') })).toThrow('missing.json')
    writeFileSync(broken, '[]')
    expect(messageOf(() => loadConfig({ file: broken }))).toBe(
      `Configuration: ${broken}: ✖ expected a JSON object, {"port": 8080, …}`,
    )
  })

  test('what is wrong is told with the file or the variable that it comes from', () => {
    const misspelled = join(directory, 'misspelled.json')
    writeFileSync(misspelled, JSON.stringify({ prt: 1000, workers: 0, host: '0.0.0.0', maxStreams: 0 }))
    const env = { TIDEMARK_MAX_PUSH_BYTES: 'many', TIDEMARK_WORKERS: '2' }
    const failure = messageOf(() => loadConfig({ file: misspelled, env, flags: { maxStreams: -1 } }))
    expect(failure).toContain(`${misspelled}: ✖ Unrecognized key: "prt"`)
    expect(failure).toMatch(/TIDEMARK_MAX_PUSH_BYTES: ✖ .*\n.*maxPushBytes/)
    expect(failure).toMatch(/\n✖ .*\n.*maxStreams/)
    expect(failure).not.toMatch(/workers/)

    writeFileSync(misspelled, JSON.stringify({ host: '0.0.0.0' }))
    expect(messageOf(() => loadConfig({ file: misspelled }))).toContain(`${misspelled}: ✖ without keys`)
    expect(messageOf(() => loadConfig({ file: misspelled, flags: { host: '::' } }))).not.toContain(misspelled)
  })
})

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was wrong')
}
