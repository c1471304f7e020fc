import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { randomFillSync } from 'node:crypto'
import { join } from 'node:path'
import { Replica } from '@tidemark/engine'
import { PAGE_SIZE } from '@tidemark/protocol'
import { connect } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import { takeTurns } from '../statistics.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const MEGABYTES = 100
const PAGES = (MEGABYTES * 1e6) / PAGE_SIZE
const FRAME_HEADER_BYTES = 24
const FRAMES_PER_WRITE = 64
const ROUNDS = 5

/** Applying a pull cannot take less than writing its frames. */
export const applyAgainstWrite: Yardstick = {
  name: `apply ${MEGABYTES} MB of pulled pages`,
  against: 'writing as many WAL frames and fdatasync',
  durability: 'full',
  maxRatio: 2,

  async measure(directory: string): Promise<Measured> {
    await using server = await ServerProcess.start(join(directory, 'server'))
    const url = server.database('bench')
    const writer = await connect({ path: join(directory, 'writer.db'), url })
    writer.exec('CREATE TABLE chunk (id INTEGER PRIMARY KEY, bytes BLOB)')
    const fill = writer.prepare('INSERT INTO chunk (bytes) VALUES (randomblob(4000))')
    writer.transaction(() => {
      for (let page = 0; page < PAGES; page++) fill.run()
    })()
    await writer.push()
    const [tidemark, yardstick] = await takeTurns(
      ROUNDS,
      (round) => {
        const path = join(directory, `reader-${round}.db`)
        Replica.create(path, { url, clientId: `reader-${round}` }).close()
        return applyTime(path, url)
      },
      (round) => writeTime(join(directory, `frames-${round}`)),
    )
    writer.close()
    return { unit: 'ms', tidemark, yardstick }
  },
}

/** Of the pull, the part after the download. */
async function applyTime(path: string, url: string): Promise<number> {
  const reader = await connect({ path, url })
  const applyPull = Object.getOwnPropertyDescriptor(Replica.prototype, 'applyPull')!
  const apply = applyPull.value as (this: Replica, ...options: unknown[]) => unknown
  let ms = Number.NaN
  const timed = function timed(this: Replica, ...options: unknown[]): unknown {
    const start = performance.now()
    const report = apply.apply(this, options)
    ms = performance.now() - start
    return report
  }
  Object.defineProperty(Replica.prototype, 'applyPull', { ...applyPull, value: timed })
  try {
    await reader.pull()
  } finally {
    Object.defineProperty(Replica.prototype, 'applyPull', applyPull)
    reader.close()
  }
  return ms
}

function writeTime(path: string): number {
  const frames = randomFillSync(Buffer.alloc((PAGE_SIZE + FRAME_HEADER_BYTES) * FRAMES_PER_WRITE))
  const start = performance.now()
  const file = openSync(path, 'w')
  for (let frame = 0; frame < PAGES; frame += FRAMES_PER_WRITE) writeSync(file, frames)
  fdatasyncSync(file)
  closeSync(file)
  return performance.now() - start
}
