import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COUNT, CREATE, insert, ReplicaSetup, single } from './replica-peer.ts'

test('many commits arrive in order, over restarts of replica and server', async () => {
  await using setup = await ReplicaSetup.start()
  await setup.write(CREATE, insert(1))
  setup.replica('a').close()
  for (let round = 1; round <= 2; round++) {
    await setup.write(...Array.from({ length: 100 }, () => insert(1)))
    for (let commit = 0; commit < 25; commit++) await setup.write(insert(1))
    await setup.restart()
    const replica = setup.replica('a')
    await replica.sync()
    expect(await single(replica, COUNT)).toBe(1 + round * 125)
    replica.close()
    expect(setup.check('a')).toBe('ok')
  }
})

test('a replica whose frames are not kept any more gets all pages, and goes on from there', async () => {
  const short = { historyBytes: 1, historySegmentBytes: 100_000, checkpointFrames: 40 }
  await using setup = await ReplicaSetup.start(short)
  await setup.write(CREATE, insert(1))
  const [late, present] = [setup.replica('late'), setup.replica('present')]
  const before = setup.place('late')
  for (let round = 0; round < 8; round++) {
    await setup.write(insert(20, 4000))
    await present.sync()
    expect(await single(present, COUNT)).toBe(1 + (round + 1) * 20)
  }
  await late.sync()
  expect(setup.place('late').generation).toBeGreaterThan(before.generation)
  for (const replica of [late, present]) {
    await setup.write(insert(1))
    await replica.sync()
  }
  await late.sync()
  expect([await single(late, COUNT), await single(present, COUNT)]).toEqual([163, 163])
  expect([setup.check('late'), setup.check('present')]).toEqual(['ok', 'ok'])
})

test.each(['before', 'after'])(
  'after the server’s history began anew, a replica gets all pages once; it had written %s that',
  async (when) => {
    await using setup = await ReplicaSetup.start()
    await setup.write(CREATE, insert(500))
    const replica = setup.replica('a')
    await setup.write('DELETE FROM note WHERE id > 100')
    await replica.sync()
    if (when === 'before') await replica.execute("INSERT INTO note VALUES (1000, 'before')")
    await setup.restart((folder) => rmSync(join(folder, 'history'), { recursive: true }))
    if (when === 'after') await replica.execute("INSERT INTO note VALUES (1000, 'after')")
    await replica.sync()
    expect(await single(replica, COUNT)).toBe(101)
    const place = setup.place('a')
    await replica.sync()
    expect(setup.place('a')).toEqual(place)
    await setup.write(insert(1))
    await replica.sync()
    expect(await single(replica, COUNT)).toBe(102)
    expect(setup.check('a')).toBe('ok')
  },
)

test('a replica of another database is told so, and left as it is', async () => {
  await using setup = await ReplicaSetup.start()
  await setup.write(CREATE, insert(5))
  const replica = setup.replica('a')
  await setup.restart((folder) => rmSync(folder, { recursive: true }))
  await setup.write(CREATE)
  await expect(replica.sync()).rejects.toThrow('Delete the replica’s files')
  expect(await single(replica, COUNT)).toBe(5)
})
