import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runAndKill } from '@tidemark/testkit'
import { expect, test } from 'vitest'
import { rowsOf, TursoSite } from './turso-site.ts'

const KILLS = Number(process.env['TIDEMARK_KILLS'] ?? '6')
const client = fileURLToPath(new URL('../../kill/client.ts', import.meta.url))

test(`I3, I4, I5: ${KILLS} clients and some servers killed at random moments lose nothing and apply nothing twice`, async () => {
  await using site = await TursoSite.start()
  const url = site.serverUrl
  const acknowledged: string[] = []
  for (let round = 0; round < KILLS / 2; round += 1) {
    const running = [0, 1].map((index) =>
      runAndKill(client, [site.path(`client-${index}.db`), url, `${round}-${index}`], Math.random() * 250),
    )
    if (round % 3 === 2) {
      await Promise.race([...running, delay(Math.random() * 800)])
      await site.restart('SIGKILL')
    }
    acknowledged.push(...(await Promise.all(running)).flat())
  }
  const replicas = [
    await site.client('client-0.db', { url }),
    await site.client('client-1.db', { url }),
    await site.client('client-2.db', { url }),
  ]
  for (const replica of [...replicas, ...replicas]) await replica.sync()
  const words = (await site.sql('SELECT word FROM line ORDER BY word')).flat()
  expect(words).toEqual(expect.arrayContaining(acknowledged))
  for (const replica of replicas) {
    const entries = replica.prepare('SELECT id FROM entry ORDER BY id').pluck().all()
    // A line has no key: applied twice, it would be there twice.
    expect(entries).toEqual(words)
    expect(rowsOf(replica, 'line').map((row) => (row as { word: string }).word)).toEqual(words)
    expect((await replica.stats()).cdcOperations).toBe(0)
  }
}, 300_000)
