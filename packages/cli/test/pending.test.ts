import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect } from '@tidemark/sdk-node'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { write } from './sqlite-file.ts'
import { servedFiles } from './served-files.ts'
import { json, tidemark } from './tidemark-process.ts'

const SCHEMA = `
  CREATE TABLE note (id TEXT PRIMARY KEY, title UNIQUE, stars);
  CREATE TABLE place (region TEXT, number INTEGER, v, PRIMARY KEY (region, number)) WITHOUT ROWID;
  CREATE TABLE log (line);`

const served = servedFiles()
const { file } = served

/** Files `a.db` and `b.db` of one database, with the row `theirs` that `b.db` has not pulled yet. */
async function pair(name: string): Promise<void> {
  await served.pair(name, SCHEMA, `INSERT INTO note VALUES ('theirs', 1, 0)`)
}

async function lines(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await tidemark('pending', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.split('\n').map((line) => line.trim())
}

describe('tidemark pending', () => {
  it('lists what is pending, sends nothing, and says so when nothing is', async () => {
    await pair('listed')
    expect(await lines(file('b.db'))).toEqual(['Nothing is pending.', ''])
    write(
      file('b.db'),
      `INSERT INTO note VALUES ('mine', 2, 0); UPDATE note SET stars = 5 WHERE id = 'mine'; DELETE FROM note; CREATE TABLE more (a)`,
    )
    const listed = await lines(file('b.db'))
    expect(listed[0]).toBe('4 changes pending:')
    expect(listed.slice(1).filter((line) => line !== '' && !line.endsWith(' UTC'))).toEqual([
      expect.stringMatching(/^\d+ {2}insert note, row "mine"$/u),
      'id: "mine", title: 2, stars: 0',
      expect.stringMatching(/^\d+ {2}update note, row "mine"$/u),
      'stars: 0 → 5',
      expect.stringMatching(/^\d+ {2}delete note, row "mine"$/u),
      'id: "mine", title: 2, stars: 5',
      expect.stringMatching(/^\d+ {2}schema$/u),
      'CREATE TABLE more (a)',
    ])
    expect(await json('status', file('b.db'))).toMatchObject({ pending: 4 })
  })

  it('names changes and keys as discard takes them', async () => {
    await pair('numbers')
    write(
      file('b.db'),
      `INSERT INTO place VALUES ('eu', 7, 0), ('7', -8, 0); INSERT INTO log VALUES ('first'), ('second')`,
    )
    const text = (await lines(file('b.db'))).join('\n')
    const [, region = '', number = ''] = /insert place, row ("7"), (-8)/u.exec(text) ?? []
    const discard = ['discard', file('b.db'), '--yes']
    const byKey = await json(...discard, '--table', 'place', '--key', region, '--key', number)
    expect(byKey).toMatchObject({ discarded: 1, pending: 3 })
    const [, change = ''] = /(\d+) {2}insert log, row 2\n/u.exec(text) ?? []
    expect(await json(...discard, '--change', change)).toMatchObject({ discarded: 1, pending: 2 })
    expect((await lines(file('b.db'))).filter((line) => line.includes('insert'))).toEqual([
      expect.stringMatching(/insert place, row "eu", 7$/u),
      expect.stringMatching(/insert log, row 1$/u),
    ])
  })

  it('lists changes of one table, up to a limit, and says that there are more', async () => {
    await pair('limited')
    write(
      file('b.db'),
      `INSERT INTO note SELECT value, value, 0 FROM json_each('[2, 3, 4]'); INSERT INTO log VALUES ('first')`,
    )
    const first = await lines(file('b.db'), '--limit', '2')
    expect(first[0]).toBe('The first 2 of 4 pending changes:')
    expect(first).toContain('2 more changes pending; --limit lists more.')
    const notes = (await lines(file('b.db'), '--table', 'NOTE', '--limit', '3')).join('\n')
    expect(notes).toMatch(/^3 changes pending in table NOTE:\n/u)
    expect(notes).not.toMatch(/log|more/u)
    expect(await json('pending', file('b.db'), '--table', 'note', '--limit', '2')).toMatchObject({
      pending: 4,
      changes: [{ key: ['2'] }, { key: ['3'] }],
      hasMore: true,
    })
  })

  it('shows what blocks a change since a pull', async () => {
    await pair('blocked')
    const b = await connect({ path: file('b.db') })
    b.exec(`INSERT INTO note VALUES ('mine', 1, 0)`)
    await b.pull()
    b.close()
    const blocked = 'blocked: UNIQUE constraint failed: note.title (SQLITE_CONSTRAINT_UNIQUE)'
    expect(await lines(file('b.db'))).toContain(blocked)
    expect(await json('pending', file('b.db'))).toMatchObject({
      changes: [{ blocked: { sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE' } }],
    })
  })

  it('lists what was set aside under the number that discard takes, with the reason', async () => {
    await pair('set-aside')
    const b = await connect({ path: file('b.db'), onRejected: 'quarantine' })
    b.exec(`INSERT INTO note VALUES ('mine', 1, 0); UPDATE note SET stars = 5 WHERE id = 'mine'`)
    await b.push()
    b.close()
    const listed = (await lines(file('b.db'))).join('\n')
    expect(listed).toMatch(/^Nothing is pending\.\n\nSet aside, refused by the server/u)
    expect(listed).toContain('refused: UNIQUE constraint failed: note.title (SQLITE_CONSTRAINT_UNIQUE)')
    expect(listed).toContain('with 1 other change that went with it')
    expect(await json('pending', file('b.db'), '--table', 'Log')).toMatchObject({ rejected: 1, setAside: [] })
    const found = await json('pending', file('b.db'), '--table', 'Note')
    expect(found).toMatchObject({
      pending: 0,
      rejected: 1,
      setAside: [{ changes: 2, sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE', refused: { after: { id: 'mine' } } }],
    })
    const [, entry = ''] = /(\d+) {2}insert note, row "mine"/u.exec(listed) ?? []
    expect(await json('discard', file('b.db'), '--rejected', entry, '--yes')).toMatchObject({ discarded: 2 })
  })

  it('shows nothing on the terminal that acts on it, whatever is in the file, also as JSON', async () => {
    await pair('hostile')
    const b = await connect({ path: file('b.db') })
    const hostile = '\u001B[2J\u001B]0;title\u0007\u009B31m\u202E\u007F\r\n'
    const name = `"t${hostile}"`
    b.exec(`CREATE TABLE ${name} (id TEXT PRIMARY KEY, "c${hostile}")`)
    b.prepare(`INSERT INTO ${name} VALUES (?, ?)`).run(`k${hostile}`, `v${hostile}`)
    b.close()
    const text = await lines(file('b.db'))
    expect(text.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text.join('\n')).toContain(String.raw`\u001b[2J`)
    const { stdout } = await tidemark('pending', file('b.db'), '--json')
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(JSON.parse(stdout)).toMatchObject({
      changes: [{ kind: 'schema' }, { key: [`k${hostile}`], after: { [`c${hostile}`]: `v${hostile}` } }],
    })
  })

  it('lists a wide row with long values shortly', async () => {
    await pair('wide')
    const columns = Array.from({ length: 40 }, (_, index) => `c${index}`)
    const b = await connect({ path: file('b.db') })
    b.exec(`CREATE TABLE wide (${columns.join()})`)
    b.prepare(`INSERT INTO wide VALUES (${columns.map(() => '?').join()})`).run(
      columns.map((_, index) => (index % 2 === 0 ? 'x'.repeat(100_000) : Buffer.alloc(100_000))),
    )
    b.close()
    const { stdout } = await tidemark('pending', file('b.db'))
    expect(stdout).toMatch(/c0: "x{40}"… \(97\.7 KiB\)\n/u)
    expect(stdout).toMatch(/c1: x'0{40}…' \(97\.7 KiB\)\n +and 38 more columns\n/u)
    expect(JSON.stringify(await json('pending', file('b.db'))).length).toBeLessThan(40_000)
  })

  it('lists many large values with memory for few of them', async () => {
    await pair('large')
    const b = await connect({ path: file('b.db') })
    const insert = b.prepare('INSERT INTO log VALUES (?)')
    for (let index = 0; index < 30; index += 1) insert.run(String(index).padEnd(4_000_000, 'x'))
    b.close()
    vi.stubEnv('NODE_OPTIONS', '--max-old-space-size=64')
    onTestFinished(() => void vi.unstubAllEnvs())
    const listed = await lines(file('b.db'))
    expect(listed[0]).toBe('30 changes pending:')
    expect(listed.filter((line) => line.endsWith('x"… (3.8 MiB)'))).toHaveLength(30)
    expect(await json('pending', file('b.db'))).toMatchObject({
      changes: Array.from({ length: 30 }, (_, index) => ({
        after: { line: { text: String(index).padEnd(500, 'x'), bytes: 4_000_000 } },
      })),
    })
  })

  it('shows single changes whole, pending or set aside, by their numbers', async () => {
    await pair('whole')
    const b = await connect({ path: file('b.db'), onRejected: 'quarantine' })
    const long = `${'x'.repeat(5000)}\u001B[2J`
    b.prepare(`INSERT INTO note VALUES ('mine', 1, ?)`).run(long)
    await b.push()
    b.prepare('INSERT INTO log VALUES (?), (?), (?)').run('first', long, Buffer.alloc(600))
    const [, text, blob] = (await b.pending()).map(({ changeId }) => String(changeId))
    const refused = String((await b.rejected())[0]!.id)
    b.close()
    const numbers = (...all: (string | undefined)[]): string[] => all.flatMap((id) => ['--change', id!])

    const shown = await lines(file('b.db'), ...numbers(blob, text, text))
    expect(shown[0]).toBe('2 changes pending:')
    expect(shown.filter((line) => line.startsWith('line: '))).toEqual([
      String.raw`line: "${'x'.repeat(5000)}\u001b[2J"`,
      `line: x'${'00'.repeat(600)}'`,
    ])
    expect(await json('pending', file('b.db'), ...numbers(text, refused))).toMatchObject({
      pending: 3,
      changes: [{ after: { line: long } }],
      hasMore: false,
      setAside: [{ refused: { after: { stars: long } } }],
    })
    const aside = await lines(file('b.db'), ...numbers(refused))
    expect(aside[0]).toBe(`Change ${refused} is not pending; 3 changes in all.`)
    expect(aside.some((line) => line.endsWith(String.raw`xxx\u001b[2J"`))).toBe(true)
    expect((await lines(file('b.db'), ...numbers('0', '999999', '0')))[0]).toBe(
      'Changes 0, 999999 are not pending; 3 changes in all.',
    )
    for (const other of ['--table=log', '--limit=1'])
      expect(await tidemark('pending', file('b.db'), ...numbers(text), other)).toMatchObject({ code: 2 })
  })

  it('finishes a pull that a crash has interrupted, and lists what was pending', async () => {
    await pair('interrupted')
    const b = await connect({
      path: file('b.db'),
      conflictResolution: () => {
        copyAsAfterCrash('b.db', 'crashed.db')
        return 'keep-local'
      },
    })
    b.exec(`INSERT INTO note VALUES ('theirs', 2, 0)`)
    await b.pull()
    b.close()
    expect(await json('status', file('crashed.db'))).toMatchObject({ interruptedPull: true, pending: null })
    const { stdout } = await tidemark('status', file('crashed.db'))
    expect(stdout).toMatch(/pending +known when the file is opened\n(?:.*\n)*interrupted +a pull;/u)
    expect((await lines(file('crashed.db'))).join('\n')).toMatch(/^1 change pending:\n.*note, row "theirs"/su)
    expect(await json('status', file('crashed.db'))).toMatchObject({ interruptedPull: false, pending: 1 })
  })
})

/** Keeps the times to the nanosecond: nobody has touched the file. */
function copyAsAfterCrash(from: string, to: string): void {
  for (const suffix of ['', '-wal', '-info', '-replay', '-changes', '-wal-revert'])
    if (existsSync(file(from) + suffix)) spawnSync('cp', ['-a', file(from) + suffix, file(to) + suffix])
}
