import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@tidemark/sdk-node'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { serve, type Serving } from './tidemark-process.ts'

export interface ServedFiles {
  /** The server's; each test takes databases of its own. */
  readonly url: string
  /** The server's folder. */
  readonly data: string
  /** The path of a file in a folder that each test has for itself. */
  readonly file: (name: string) => string
  /** Files `a.db` and `b.db` of one database. In `a.db` is what `sql` inserts, which `b.db` has not pulled yet. */
  readonly pair: (name: string, schema: string, sql: string) => Promise<void>
}

/** A server for all tests of a module, and a folder for each. To be called at the module's top. */
export function servedFiles(): ServedFiles {
  let server: Serving
  let data: string
  let folder: string
  beforeAll(async () => {
    data = newFolder()
    server = await serve('--data', data, '--auto-create')
  })
  afterAll(async () => {
    await server.stop()
    rmSync(data, { recursive: true, force: true })
  })
  beforeEach(() => {
    folder = newFolder()
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string): string => join(folder, name)
  return {
    get url() {
      return server.url
    },
    get data() {
      return data
    },
    file,
    async pair(name, schema, sql) {
      const url = `${server.url}/db/${name}`
      const a = await connect({ path: file('a.db'), url })
      a.exec(schema)
      await a.sync()
      const b = await connect({ path: file('b.db'), url })
      b.close()
      a.exec(sql)
      await a.sync()
      a.close()
    },
  }
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tidemark-cli-'))
}
