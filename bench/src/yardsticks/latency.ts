import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import { spreadOf } from '../statistics.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const writerScript = fileURLToPath(new URL('latency-writer.ts', import.meta.url))
const ROUNDS = 61
/** So many commits have arrived before. */
const WARM_UPS = 1000
const AIM_MS = 5

/**
 * From a local commit that is pushed at once until a client in another process, which waits at the server, can read it.
 */
export const clientToClient: Yardstick = {
  name: 'commit on one client to visible on another that long-polls',
  against: `${AIM_MS} ms`,
  durability: 'full',
  maxRatio: 1,

  async measure(directory: string): Promise<Measured> {
    await using server = await ServerProcess.start(join(directory, 'server'))
    const url = server.database('bench')
    const writer = fork(writerScript, [join(directory, 'writer.db'), url])
    await once(writer, 'message')
    const reader = await connect({ path: join(directory, 'reader.db'), url, longPollTimeoutMs: 10_000 })
    const count = reader.prepare('SELECT count(*) FROM item').pluck()
    const times: number[] = []
    for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
      const waiting = reader.pull()
      // The request must stand at the server before the commit.
      await fetch(`${server.url}/health`)
      const answer = once(writer, 'message') as Promise<[string]>
      writer.send(round + 1)
      await waiting
      if (count.get() !== round + 1) throw new Error('the row is not there')
      const visible = process.hrtime.bigint()
      const [start] = await answer
      times.push(Number(visible - BigInt(start)) / 1e6)
    }
    writer.disconnect()
    await once(writer, 'exit')
    reader.close()
    return { unit: 'ms', tidemark: spreadOf(times.slice(WARM_UPS)), yardstick: spreadOf([AIM_MS]) }
  },
}
