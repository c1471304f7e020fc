import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { initProtocol, ProtocolError } from '@tidemark/protocol'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'
import { ids, keepLocal } from './interrupted-pull.ts'
import { baseDifferences, Origin } from './origin.ts'

let directory: string
let path: string
let origin: Origin
let replica: Replica

beforeAll(initProtocol)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-download-'))
  path = join(directory, 'c.db')
  origin = new Origin(join(directory, 'origin.db'))
  origin.exec("CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT); INSERT INTO note VALUES ('first', 'x')")
  origin.bootstrap(path)
  replica = Replica.open(path, { busyTimeoutMs: 0 })
  origin.exec("INSERT INTO note VALUES ('second', 'x')")
  origin.pull(replica)
})

afterEach(() => {
  replica.close()
  origin.close()
  rmSync(directory, { recursive: true })
})

function flip(file: string, position: number): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Uint8Array.of(0xa5), 0, 1, position)
  closeSync(descriptor)
}

const HEADER = 4096
const damages: [string, (file: string) => void][] = [
  ['an image', (file) => flip(file, HEADER + 2000)],
  ['the last image', (file) => flip(file, statSync(file).size - 4 - 2000)],
  ['the number of a page', (file) => flip(file, statSync(file).size - 1)],
  ['its end', (file) => truncateSync(file, statSync(file).size - 3)],
]

for (const pending of ['nothing', 'a row']) {
  it.each(damages)(
    `I8: a download of which %s is damaged on disk changes nothing, with ${pending} pending`,
    (_, damage) => {
      if (pending === 'a row') replica.connection.exec("INSERT INTO note VALUES ('mine', 'x')")
      const { revision } = replica.info
      const before = ids(replica.connection)
      // More pages than are kept in memory.
      origin.exec("INSERT INTO note VALUES ('third', hex(zeroblob(200000)))")
      origin.stage(replica)
      damage(`${path}-changes`)
      expect(() => replica.applyPull(keepLocal)).toThrow(ProtocolError)

      expect(replica.info.revision).toBe(revision)
      expect(ids(replica.connection)).toEqual(before)
      origin.pull(replica)
      expect(new Set(ids(replica.connection))).toEqual(new Set([...before, 'third']))
      expect(baseDifferences(replica, origin)).toEqual([])
    },
  )
}
