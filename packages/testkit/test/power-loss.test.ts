/**
 * A client that does not sync every commit (`durability: 'normal'`) loses power after the server has
 * acknowledged its push.
 */
import { rmSync } from 'node:fs'

import { expect, it } from 'vitest'

import type { Reader } from '../src/simulator/content.ts'
import { planOf } from '../src/simulator/plan-of-steps.ts'
import type { Step } from '../src/simulator/plan.ts'
import { simulationFolder } from '../src/simulator/run.ts'
import { World } from '../src/simulator/world.ts'

const INSERT = 'INSERT INTO journal(tag) VALUES (?)'
const tagsOf = (db: Reader): unknown[] => db.prepare('SELECT tag FROM journal ORDER BY rowid').pluck().all()

it.each([1, 2, 3, 4])(
  'I3: local commits may be gone; what was acknowledged is there once, and no change id is given out again (seed %s)',
  async (seed) => {
    const root = simulationFolder()
    const world = new World(planOf([], { clients: [{ durability: 'normal' }] }), root)
    const run = async (step: Step): Promise<void> => world.run(step, 0)
    const pushedThrough = (): number => world.clients[0]!.syncState.lastPushedChangeId
    try {
      await world.start()
      const client = world.clients[0]!
      const write = (tag: string): unknown => client.db.prepare(INSERT).run(tag)
      write('acknowledged')
      await run({ kind: 'push', client: 0, fault: null })
      const acknowledged = pushedThrough()
      for (let i = 0; i < 5; i++) write(`local ${i}`)
      await run({ kind: 'power', client: 0, inTransaction: false, seed })
      expect(world.log.at(-1)).toMatch(/lost: frames from/)
      expect(pushedThrough()).toBe(acknowledged)
      const left = tagsOf(client.db)
      expect(['acknowledged', ...[0, 1, 2, 3, 4].map((i) => `local ${i}`)].slice(0, left.length)).toEqual(
        left,
      )
      expect(left).toContain('acknowledged')
      expect(left).not.toContain('local 4')

      write('afterwards')
      await run({ kind: 'push', client: 0, fault: null })
      expect(pushedThrough()).toBeGreaterThan(acknowledged)
      expect(world.server.read(tagsOf)).toEqual([...left, 'afterwards'])
      await client.db.pull()
      expect(tagsOf(client.db)).toEqual([...left, 'afterwards'])
    } finally {
      await world.close()
      rmSync(root, { recursive: true, force: true })
    }
  },
)
