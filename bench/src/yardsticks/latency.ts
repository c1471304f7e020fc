import { join } from 'node:path'
import { connect } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import { INSERT, itemRows, SCHEMA } from '../rows.ts'
import { spreadOf } from '../statistics.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const ROUNDS = 40
const AIM_MS = 5

/** From a local commit that is pushed at once until a client that waits at the server can read it. */
export const clientToClient: Yardstick = {
  name: 'commit on one client to visible on another that long-polls',
  against: `${AIM_MS} ms`,
  durability: 'full',
  maxRatio: 1,

  async measure(directory: string): Promise<Measured> {
    await using server = await ServerProcess.start(join(directory, 'server'))
    const url = server.database('bench')
    const writer = await connect({ path: join(directory, 'writer.db'), url })
    writer.exec(SCHEMA)
    await writer.push()
    const reader = await connect({ path: join(directory, 'reader.db'), url, longPollTimeoutMs: 10_000 })
    const count = reader.prepare('SELECT count(*) FROM item').pluck()
    const times: number[] = []
    for (let round = 0; round <= ROUNDS; round++) {
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
    return { unit: 'ms', tidemark: spreadOf(times.slice(1)), yardstick: spreadOf([AIM_MS]) }
  },
}
