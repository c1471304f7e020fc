import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Database } from '@tidemark/sdk-node'
import { sqlite3, Worker } from './programs.ts'
import { retrying, SECONDS, World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await World.start()
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

const timeout = 60_000 + SECONDS * 3000

/** Runs `run` again and again while there is time, and at least twice. */
async function forSeconds(seconds: number, run: (round: number) => Promise<void>): Promise<void> {
  const end = performance.now() + seconds * 1000
  for (let round = 0; round < 2 || performance.now() < end; round++) await run(round)
}

it.for([
  ['better-sqlite3', 'busy-program.ts'],
  ['sqlite3', 'sqlite3-program.ts'],
] as const)(
  'I2, I3, I6: whatever another program (%s) does while pulls are being applied arrives everywhere, once',
  { timeout },
  async ([program, script], { skip }) => {
    skip(program === 'sqlite3' && sqlite3 === null, 'there is no `sqlite3` command here')
    const { replica, path, url } = await world.database()
    const elsewhere = await world.open({ url })
    await using busy = new Worker(script, [path, 'foreign'])
    await busy.working()
    const acknowledged: string[] = []
    const write = (db: Database, name: string): void => {
      db.transaction(() => {
        db.prepare('INSERT INTO entry (id, body) VALUES (?, ?)').run(`${name}.0`, 'x'.repeat(500))
        db.prepare('INSERT INTO line (word) VALUES (?)').run(`${name}.0`)
        db.prepare('INSERT INTO tally VALUES (?, 1) ON CONFLICT (writer) DO UPDATE SET n = n + 1').run(
          name.split('.')[0]!,
        )
      })()
      acknowledged.push(`${name}.1`)
    }
    await forSeconds(SECONDS, async (round) => {
      write(elsewhere, `elsewhere.${round}`)
      await elsewhere.push().catch(async () => elsewhere.sync())
      await retrying(() => replica.pull())
      if (round % 5 === 4)
        await retrying(() => replica.push()).catch(async () => retrying(() => replica.sync()))
      if (round % 7 === 6) await retrying(() => replica.checkpoint()).catch(() => {})
    })
    acknowledged.push(...(await busy.stop()))
    expect(await world.settle(url, [replica, elsewhere], acknowledged)).toEqual([])
  },
)

it(
  'I2, I3, I4: a replica that is killed again and again beside another program loses nothing',
  async () => {
    const { replica, path, url } = await world.database()
    replica.close()
    const acknowledged: string[] = []
    const programs = new AsyncDisposableStack()
    await using _ = programs
    let busy: Worker | null = null
    await forSeconds(SECONDS, async (round) => {
      await using sdk = new Worker('sdk-program.ts', [path, url, `sdk${round}`])
      await sdk.working()
      // The other program runs all along in some rounds, and comes when the replica is dead in others.
      busy ??= programs.use(new Worker('busy-program.ts', [path, `foreign${round}`]))
      await busy.working()
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200))
      acknowledged.push(...(await sdk.kill()))
      if (round % 2 === 1) {
        acknowledged.push(...(await (round % 4 === 1 ? busy.stop() : busy.kill())))
        busy = null
      }
    })
    if (busy !== null) acknowledged.push(...(await (busy as Worker).stop()))
    const again = await world.open({ url, path })
    expect(await world.settle(url, [again], acknowledged)).toEqual([])
  },
  timeout,
)

it(
  'I2, I3: two applications and another program on one file, of which one is killed now and then, lose nothing',
  async () => {
    const { replica, path, url } = await world.database()
    replica.close()
    await using steady = new Worker('sdk-program.ts', [path, url, 'steady'])
    await using busy = new Worker('busy-program.ts', [path, 'foreign'])
    const elsewhere = await world.open({ url })
    const acknowledged: string[] = []
    await steady.working()
    await forSeconds(SECONDS, async (round) => {
      await using other = new Worker('sdk-program.ts', [path, url, `other${round}`])
      await other.working()
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 300))
      acknowledged.push(...(await (round % 3 === 2 ? other.stop() : other.kill())))
      await elsewhere.sync()
    })
    acknowledged.push(...(await steady.stop()), ...(await busy.stop()))
    const again = await world.open({ url, path })
    expect(await world.settle(url, [again, elsewhere], acknowledged)).toEqual([])
  },
  timeout,
)
