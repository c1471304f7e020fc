import { join } from 'node:path'
import { connect } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import { INSERT, itemRows, SCHEMA } from '../rows.ts'
import { median } from '../statistics.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const ROUNDS = 40
const TARGET_MS = 5

/** From a local commit that is pushed at once until a client that waits at the server can read it. */
export const clientToClient: Yardstick = {
  name: 'commit on one client to visible on another that long-polls',
  against: `a fixed ${TARGET_MS} ms`,
  maxRatio: 1,
  isLong: false,

  async measure(directory: string): Promise<Measured> {
    await using server = await ServerProcess.start(join(directory, 'server'))
    const url = server.database('bench')
    const writer = await connect({ path: join(directory, 'writer.db'), url })
    writer.exec(SCHEMA)
    await writer.push()
    const reader = await connect({ path: join(directory, 'reader.db'), url, longPollTimeoutMs: 10_000 })
    const count = reader.prepare('SELECT count(*) FROM item').pluck()
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const waiting = reader.pull()
      // The request must stand at the server before the commit.
      await fetch(`${server.url}/health`)
      await writer.pull()
      writer.prepare(INSERT).run(...itemRows(round + 1, 1)[0]!)
      const start = performance.now()
      const pushing = writer.push()
      await waiting
      if (count.get() !== round + 1) throw new Error('the row is not there')
      times.push(performance.now() - start)
      await pushing
    }
    writer.close()
    reader.close()
    return { tidemark: median(times), yardstick: TARGET_MS, unit: 'ms' }
  },
}
