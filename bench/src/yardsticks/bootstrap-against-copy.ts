import { once } from 'node:events'
import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { connect } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import { peakMb, processTree, resetPeaks } from '../processes/process-usage.ts'
import { removeReplica } from '../sides/remove-replica.ts'
import { takeTurns, timeOf } from '../statistics.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const PUSHES = 5
const ROWS_PER_PUSH = 10_000
const BLOB_BYTES = 20_000
const ROUNDS = 2

/** A new replica of 1 GB cannot come faster than the file over HTTP. */
export const bootstrapAgainstCopy: Yardstick = {
  name: 'bootstrap 1 GB',
  against: 'the same file over plain HTTP into a file, fsync',
  durability: 'full',
  maxRatio: null,

  async measure(directory: string): Promise<Measured> {
    await using server = await ServerProcess.start(join(directory, 'server'))
    const url = server.database('bench')
    await fill(join(directory, 'writer.db'), url)
    const source = join(directory, 'source.db')
    await bootstrap(source, url)
    const files = await serveFile(source)
    const reader = join(directory, 'reader.db')
    let peaks = ''
    const [tidemark, yardstick] = await takeTurns(
      ROUNDS,
      async () => {
        removeReplica(reader)
        const pids = processTree(server.pid)
        resetPeaks([process.pid, ...pids])
        const ms = await timeOf(() => bootstrap(reader, url))
        peaks = `peak of client ${peakMb([process.pid]).toFixed(0)} MB, of server ${peakMb(pids).toFixed(0)} MB`
        return ms
      },
      () => timeOf(() => copy(files, join(directory, 'copy.db'))),
    )
    files.close()
    const size = `${(statSync(source).size / 1e6).toFixed(0)} MB`
    return { unit: 'ms', tidemark, yardstick, note: `${size} of random bytes; ${peaks}` }
  },
}

async function fill(path: string, url: string): Promise<void> {
  const writer = await connect({ path, url })
  writer.exec('CREATE TABLE chunk (id INTEGER PRIMARY KEY, bytes BLOB)')
  const insert = writer.prepare(`INSERT INTO chunk (bytes) VALUES (randomblob(${BLOB_BYTES}))`)
  const insertAll = writer.transaction(() => {
    for (let row = 0; row < ROWS_PER_PUSH; row++) insert.run()
  })
  for (let push = 0; push < PUSHES; push++) {
    insertAll()
    await writer.push()
  }
  writer.close()
}

async function bootstrap(path: string, url: string): Promise<void> {
  const replica = await connect({ path, url })
  replica.close()
}

async function serveFile(path: string): Promise<Server> {
  const server = createServer((_, response) => createReadStream(path).pipe(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function copy(server: Server, target: string): Promise<void> {
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`)
  const body = Readable.fromWeb(response.body as ReadableStream)
  await pipeline(body, createWriteStream(target, { flush: true }))
}
