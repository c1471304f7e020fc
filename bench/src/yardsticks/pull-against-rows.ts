import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { connect } from '@tidemark/sdk-node'
import { ServerProcess } from '@tidemark/testkit'
import { INSERT, itemRows, SCHEMA } from '../rows.ts'
import { spreadOf } from '../statistics.ts'
import type { Measured, Yardstick } from './yardstick.ts'

const ROWS = 20_000
const ROUNDS = 5

/** A pull cannot take fewer bytes than what has changed, compressed. */
function pullAgainstRows(changed: number): Yardstick {
  return {
    name: `pull ${changed} inserted ${changed === 1 ? 'row' : 'rows'} into ${ROWS.toLocaleString('en')}`,
    against: 'their values as JSON, compressed with zstd',
    durability: null,
    maxRatio: 2,

    async measure(directory: string): Promise<Measured> {
      await using server = await ServerProcess.start(join(directory, 'server'))
      const url = server.database('bench')
      const writer = await connect({ path: join(directory, 'writer.db'), url })
      writer.exec(SCHEMA)
      const insert = writer.prepare(INSERT)
      const insertAll = writer.transaction((rows: ReturnType<typeof itemRows>) => {
        for (const row of rows) insert.run(...row)
      })
      insertAll(itemRows(1, ROWS))
      await writer.push()
      const reader = await connect({ path: join(directory, 'reader.db'), url })
      const pulled: number[] = []
      const logical: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const rows = itemRows(ROWS + 1 + round * changed, changed)
        insertAll(rows)
        await writer.push()
        const before = (await reader.stats()).networkReceivedBytes
        await reader.pull()
        pulled.push((await reader.stats()).networkReceivedBytes - before)
        logical.push(zstdCompressSync(JSON.stringify(rows)).byteLength)
      }
      writer.close()
      reader.close()
      return { unit: 'bytes', tidemark: spreadOf(pulled), yardstick: spreadOf(logical) }
    },
  }
}

export const pullsAgainstRows: readonly Yardstick[] = [1, 10, 100].map(pullAgainstRows)
