import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from '@tidemark/sdk-node'
import { describe, expect, it } from 'vitest'
import { read, write } from './sqlite-file.ts'
import { servedFiles } from './served-files.ts'
import { json, tidemark } from './tidemark-process.ts'

const PAGE_SIZE = 4096

const served = servedFiles()
const { file } = served
const ids = (name: string): unknown[] => read(file(name), 'SELECT id FROM note ORDER BY id')

/** Files `a.db` and `b.db` of one database. In `a.db` the row `mine`, which `b.db` has not pulled yet. */
async function pair(name: string): Promise<void> {
  await served.pair(
    name,
    'CREATE TABLE note (id PRIMARY KEY, title UNIQUE, stars)',
    `INSERT INTO note VALUES ('mine', 1, 0)`,
  )
}

describe('tidemark discard', () => {
  it('drops the change that the server refuses by its number, with --yes only, and the rest is pushed', async () => {
    await pair('discarded')
    write(file('b.db'), `INSERT INTO note VALUES ('yours', 1, 0)`)
    write(file('b.db'), `INSERT INTO note VALUES ('other', 2, 0)`)
    write(file('b.db'), `UPDATE note SET stars = 5 WHERE id = 'yours'`)
    const refused = await tidemark('sync', file('b.db'))
    expect(refused.code).toBe(4)
    const [, change = ''] = /rejects change (\d+)/u.exec(refused.stderr) ?? []

    const asked = await tidemark('discard', file('b.db'), '--change', change)
    expect(asked.code).toBe(1)
    expect(asked.stderr).toMatch(/would drop 2 changes of .*b\.db .*--yes.* \[TIDEMARK_NOT_CONFIRMED\]\n$/u)
    expect(await json('status', file('b.db'))).toMatchObject({ pending: 3 })
    expect(ids('b.db')).toEqual(['other', 'yours'])

    const discard = ['discard', file('b.db'), '--change', change, '--yes']
    expect(await json(...discard)).toEqual({ discarded: 2, pending: 1, rejected: 0 })
    expect(await json(...discard)).toEqual({ discarded: 0, pending: 1, rejected: 0 })
    expect(await json('sync', file('b.db'))).toMatchObject({ pushed: 1 })
    expect(ids('b.db')).toEqual(['mine', 'other'])
  })

  it('takes changes by table and key, and tells a number from a text', async () => {
    await pair('by-key')
    write(file('b.db'), `INSERT INTO note VALUES (7, 7, 0)`)
    write(file('b.db'), `INSERT INTO note VALUES ('7', 8, 0)`)
    write(file('b.db'), `INSERT INTO note VALUES ('eight', 9, 0)`)
    const discard = async (...what: string[]): Promise<unknown> =>
      json('discard', file('b.db'), ...what, '--yes')
    expect(await discard('--table', 'note', '--key', '"7"')).toMatchObject({ discarded: 1, pending: 2 })
    expect(ids('b.db')).toEqual([7, 'eight', 'mine'])
    expect(await discard('--table', 'NOTE', '--key', 'eight')).toMatchObject({ discarded: 1, pending: 1 })
    expect(await discard('--all')).toMatchObject({ discarded: 1, pending: 0 })
    expect(ids('b.db')).toEqual(['mine'])
  })

  it('takes what was set aside', async () => {
    await pair('quarantined')
    const db = await connect({ path: file('b.db'), onRejected: 'quarantine' })
    db.exec(`INSERT INTO note VALUES ('yours', 1, 0)`)
    await db.push()
    const [entry] = await db.rejected()
    db.close()
    const discard = ['discard', file('b.db'), '--rejected', String(entry!.id)]
    expect((await tidemark(...discard)).stderr).toContain('would drop 1 change of')
    expect(await json('status', file('b.db'))).toMatchObject({ rejected: 1 })
    expect(await json(...discard, '--yes')).toEqual({ discarded: 1, pending: 0, rejected: 0 })
  })
})

describe('tidemark reset', () => {
  it('downloads the database, with what is pending on top', async () => {
    await pair('reset')
    write(file('b.db'), `INSERT INTO note VALUES ('pending', 2, 0)`)
    expect(await json('reset', file('b.db'))).toMatchObject({ pending: 1, dropped: 0 })
    expect(ids('b.db')).toEqual(['mine', 'pending'])
    expect(await json('sync', file('b.db'))).toMatchObject({ pushed: 1 })
  })

  it('drops what is pending with --drop-pending', async () => {
    await pair('dropped')
    write(file('b.db'), `INSERT INTO note VALUES ('pending', 2, 0)`)
    expect(await json('reset', file('b.db'), '--drop-pending')).toMatchObject({ pending: 0, dropped: 1 })
    expect(ids('b.db')).toEqual(['mine'])
  })

  it('fails without a server, and says that what is pending is kept', async () => {
    await pair('unreachable')
    write(file('b.db'), `INSERT INTO note VALUES ('pending', 2, 0)`)
    const url = 'http://127.0.0.1:2/db/unreachable'
    const { code, stderr } = await tidemark('reset', file('b.db'), '--url', url, '--drop-pending')
    expect(code).toBe(3)
    expect(stderr).toMatch(/1 change pending, kept in .*b\.db/u)
    expect(ids('b.db')).toEqual(['pending'])
  })

  it('makes no file where there is none', async () => {
    const { code, stderr } = await tidemark('reset', file('never.db'), '--url', `${served.url}/db/never`)
    expect(code).toBe(1)
    expect(stderr).toMatch(/there is no file .* \[TIDEMARK_NO_FILE\]\n$/u)
  })

  it('mends a table that the disk has damaged', async () => {
    await pair('damaged-table')
    write(file('b.db'), `INSERT INTO note VALUES ('pending', 2, 0)`)
    await json('checkpoint', file('b.db'))
    damage('b.db', 'note')
    expect(() => read(file('b.db'), 'SELECT stars FROM note')).toThrow('malformed')
    expect(await json('reset', file('b.db'))).toMatchObject({ pending: 1 })
    expect(ids('b.db')).toEqual(['mine', 'pending'])
  })

  it('mends a file whose queue cannot be read with --drop-pending only, as failures say', async () => {
    await pair('damaged-queue')
    damage('b.db', 'tidemark_cdc')
    for (const command of ['pending', 'sync', 'reset']) {
      const { code, stderr } = await tidemark(command, file('b.db'))
      expect({ command, code }).toEqual({ command, code: 1 })
      expect(stderr).toContain('`tidemark reset --drop-pending`')
    }
    expect(await json('reset', file('b.db'), '--drop-pending')).toMatchObject({ pending: 0 })
    expect(ids('b.db')).toEqual(['mine'])
    expect(await json('sync', file('b.db'))).toMatchObject({ pushed: 0 })
  })
})

/** Overwrites a table's root page. The file's times stay: nobody has written. */
function damage(name: string, table: string): void {
  const [root] = read(file(name), `SELECT rootpage FROM sqlite_schema WHERE name = '${table}'`)
  const start = (Number(root) - 1) * PAGE_SIZE
  const bytes = readFileSync(file(name))
  bytes.fill(0xa5, start, start + PAGE_SIZE)
  copyFileSync(file(name), file('before'))
  spawnSync('touch', ['-r', file(name), file('before')])
  writeFileSync(file(name), bytes)
  spawnSync('touch', ['-r', file('before'), file(name)])
}
