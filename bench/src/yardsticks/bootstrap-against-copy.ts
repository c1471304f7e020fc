import { once } from 'node:events'
import { createReadStream, createWriteStream, fdatasyncSync, openSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { connect } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import { peakMb, processTree, resetPeaks } from '../processes/process-usage.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const PUSHES = 5
const ROWS_PER_PUSH = 10_000
const BLOB_BYTES = 20_000

/** A new replica of 1 GB cannot come faster than the file over HTTP. */
export const bootstrapAgainstCopy: Yardstick = {
  name: 'bootstrap 1 GB',
  against: 'the same file over plain HTTP into a file, fdatasync',
  maxRatio: null,
  isLong: true,

  async measure(directory: string): Promise<Measured> {
    await using server = await ServerProcess.start(join(directory, 'server'))
    const url = server.database('bench')
    const writer = await connect({ path: join(directory, 'writer.db'), url })
    writer.exec('CREATE TABLE chunk (id INTEGER PRIMARY KEY, bytes BLOB)')
    const insert = writer.prepare(`INSERT INTO chunk (bytes) VALUES (randomblob(${BLOB_BYTES}))`)
    for (let push = 0; push < PUSHES; push++) {
      writer.transaction(() => {
        for (let row = 0; row < ROWS_PER_PUSH; row++) insert.run()
      })()
      await writer.push()
    }
    writer.close()
    const pids = [process.pid, ...processTree(server.pid)]
    resetPeaks(pids)
    const start = performance.now()
    const reader = await connect({ path: join(directory, 'reader.db'), url })
    const ms = performance.now() - start
    const peaks = `peak of client ${peakMb([process.pid]).toFixed(0)} MB, of server ${peakMb(pids.slice(1)).toFixed(0)} MB`
    reader.close()
    const file = join(directory, 'reader.db')
    return {
      tidemark: ms,
      yardstick: await copyTime(file, join(directory, 'copy.db')),
      unit: 'ms',
      note: `${(statSync(file).size / 1e6).toFixed(0)} MB; ${peaks}; ${readdirSync(directory).length} files`,
    }
  },
}

async function copyTime(source: string, target: string): Promise<number> {
  const server = createServer((_, response) => createReadStream(source).pipe(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const start = performance.now()
  const response = await fetch(`http://127.0.0.1:${port}/`)
  await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(target))
  fdatasyncSync(openSync(target, 'r+'))
  const ms = performance.now() - start
  server.close()
  return ms
}
