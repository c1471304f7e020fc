import { withFault } from './disk-faults.ts'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Database from 'better-sqlite3'
import { initProtocol } from '@tidemark/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { ids } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

let directory: string
let origin: Origin

beforeAll(async () => {
  await initProtocol()
  directory = mkdtempSync(join(tmpdir(), 'tidemark-bootstrap-'))
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec("CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('theirs', 'x')")
  const other = new Database(join(directory, 'other.db'))
  other.exec('CREATE TABLE other (id INTEGER PRIMARY KEY)')
  other.close()
})

afterAll(() => {
  origin.close()
  rmSync(directory, { recursive: true })
})

it('I4: a file that is being replaced by a download is never taken for the replica', () => {
  let at = 1
  for (; ; at++) {
    const path = join(mkdtempSync(join(directory, 'try-')), 'c.db')
    cpSync(join(directory, 'other.db'), path)
    const { isReached } = withFault({ at, kind: 'refused', code: 'EIO' }, () => origin.bootstrap(path))
    if (!Replica.isReplica(path)) origin.bootstrap(path)
    const replica = Replica.open(path)
    expect(ids(replica.connection), `call ${at}`).toEqual(['theirs'])
    expect(baseDifferences(replica, origin)).toEqual([])
    replica.close()
    if (!isReached) break
  }
  expect(at).toBeGreaterThan(8)
})
