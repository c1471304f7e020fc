import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import { initProtocol } from '@tidemark/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { Replica } from '../src/index.ts'

const PROGRAM = `
  const db = new (require(process.argv[1]))(process.argv[2])
  db.prepare('INSERT INTO word VALUES (?)').run(process.argv[3])
  process.stdout.write(JSON.stringify(db.prepare('SELECT * FROM word').pluck().all()))
  db.close()`

let directory: string
let path: string

beforeEach(async () => {
  await initProtocol()
  directory = mkdtempSync(join(tmpdir(), 'tidemark-threads-'))
  path = join(directory, 'c.db')
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** Another process opens the file, inserts a word, and closes it. @returns the words that it saw */
function otherProgram(word: string): unknown {
  const module = createRequire(import.meta.url).resolve('better-sqlite3')
  return JSON.parse(execFileSync(process.execPath, ['-e', PROGRAM, module, path, word], { encoding: 'utf8' }))
}

it.each([true, false])(
  'a thread that opens a replica and ends (closing it first: %s) leaves the others their locks',
  async (closes) => {
    const replica = Replica.create(path, { url: null })
    replica.connection.exec('CREATE TABLE word (word)')
    const worker = new Worker(new URL('thread-child.ts', import.meta.url), { workerData: { path, closes } })
    await once(worker, 'exit')
    // Who does not see that others have the file open removes its WAL with the last close.
    otherProgram('of a program')
    replica.connection.exec("INSERT INTO word VALUES ('of the replica')")
    expect(otherProgram('last')).toEqual(['of the thread', 'of a program', 'of the replica', 'last'])
    replica.close()
  },
)
