/**
 * Two applications edit the cities of the world offline and converge. Everything is real: the server, both
 * applications, and a program that knows nothing of Tidemark are processes of their own, on loopback.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ClientProcess } from './client-process.ts'
import { Journal } from './journal.ts'
import { printChecks, printProofs, printSteps, progress } from './report.ts'
import { prove, type Proof } from './proof.ts'
import { ServerProcess } from './server-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'tidemark-cities-'))
const file = (name: string): string => join(folder, name)
const journal = new Journal()
const running = new Set<{ destroy(): void }>()
const outsiderProgram = join(import.meta.dirname, 'outsider.ts')
const OUTSIDERS_NOTE = 'written by plain better-sqlite3'
const KILL_AFTER_BYTES = 16 * 1024

try {
  await run()
} finally {
  for (const child of running) child.destroy()
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = journal.allHold ? 0 : 1

async function run(): Promise<void> {
  let server = track(await ServerProcess.start(file('server'), 0))
  const { port } = server
  const url = `${server.url}/db/cities`
  progress(`server listens on ${server.url}`)

  let ada = await openClient('Ada', url)
  await journal.step('Ada loads the world', ada, async () => ({ rows: await ada.call('load') }))
  await journal.step('Ada pushes', ada, async () => ({ rows: (await ada.call('push')).operations }))
  const bo = track(new ClientProcess('Bo'))
  let bootstrapBytes = 0
  await journal.step('Bo bootstraps', null, async () => {
    const { networkReceivedBytes } = await bo.call('open', { path: file('bo.db'), url })
    bootstrapBytes = networkReceivedBytes
    return { note: `${(bootstrapBytes / 1024 / 1024).toFixed(1)} MiB received` }
  })
  await ada.call('pull')

  await server.stop()
  running.delete(server)
  progress('the server is stopped: both are offline')
  await editOffline(ada, bo)
  server = track(await ServerProcess.start(file('server'), port))
  progress('the server is back')

  ada = await converge(ada, bo, url)
  await proveConvergence(server, ada, bo)
  await Promise.all([ada.close(), bo.close()])
  await server.stop()
  running.clear()

  printSteps(journal.steps)
  printChecks(journal.checks)
}

async function editOffline(ada: ClientProcess, bo: ClientProcess): Promise<void> {
  journal.expect(
    'a push while the server is down fails with a network error',
    (await bo.call('pushOffline')) === 'TIDEMARK_NETWORK',
  )
  await journal.step('Ada edits offline', ada, async () => ({ rows: sum(await ada.call('edit', 'Ada')) }))
  await journal.step('Ada checkpoints', ada, async () => {
    await ada.call('checkpoint')
    const { mainWalSize, cdcOperations } = await ada.call('stats')
    journal.expect(
      'the checkpoint emptied the WAL and kept what is pending',
      mainWalSize < 100_000 && cdcOperations > 0,
    )
    return { note: `${cdcOperations.toLocaleString('en-US')} changes still pending` }
  })
  await journal.step('an outsider writes into Ada’s file', ada, async () => {
    await promisify(execFile)(process.execPath, [outsiderProgram, file('ada.db'), OUTSIDERS_NOTE])
    return { rows: 1, note: 'plain better-sqlite3' }
  })
  await journal.step('Bo edits offline', bo, async () => ({ rows: sum(await bo.call('edit', 'Bo')) }))
}

/** Both push; Bo meets Ada's edits; Ada dies in the middle of fetching Bo's. Returns the process that carries on as Ada. */
async function converge(ada: ClientProcess, bo: ClientProcess, url: string): Promise<ClientProcess> {
  await journal.step('Ada pushes', ada, async () => ({ rows: (await ada.call('push')).operations }))
  await journal.step('Bo pushes', bo, async () => {
    const { conflicts } = await bo.call('push')
    journal.expect('Bo’s push met rows that Ada had changed, and nothing of it was applied', conflicts > 0)
    return { note: `refused: ${conflicts.toLocaleString('en-US')} rows conflict` }
  })
  await journal.step('Bo pulls', bo, async () => {
    await bo.call('pull')
    const { conflicts } = await bo.call('stats')
    return { note: `${conflicts.toLocaleString('en-US')} conflicts resolved, pending changes replayed` }
  })
  await journal.step('Bo pushes again', bo, async () => ({ rows: (await bo.call('push')).operations }))
  await journal.step('Ada pulls and is killed', null, async () => {
    const signal = await ada.killInPull(KILL_AFTER_BYTES)
    running.delete(ada)
    journal.expect('Ada’s process died by SIGKILL in the middle of a pull', signal === 'SIGKILL')
    return { note: `${signal} after ${KILL_AFTER_BYTES / 1024} KiB` }
  })
  const revived = await openClient('Ada', url)
  await journal.step('Ada starts again and pulls', revived, async () => {
    await revived.call('pull')
    return {}
  })
  await journal.step('Bo pulls', bo, async () => {
    await bo.call('pull')
    return {}
  })
  return revived
}

async function proveConvergence(server: ServerProcess, ada: ClientProcess, bo: ClientProcess): Promise<void> {
  const [onServer, onAda, onBo] = [
    await prove((sql) => server.query('cities', sql)),
    await ada.call('prove'),
    await bo.call('prove'),
  ]
  const proofs = new Map<string, Proof>([
    ['server', onServer],
    ['Ada', onAda],
    ['Bo', onBo],
  ])
  printProofs(proofs)
  const all = [...proofs.values()]
  journal.expect(
    'the same content digest on the server and on both clients',
    all.every(({ digest }) => digest === onServer.digest),
  )
  journal.expect(
    'the same row counts everywhere',
    all.every(({ rows }) => JSON.stringify(rows) === JSON.stringify(onServer.rows)),
  )
  journal.expect(
    'integrity_check is ok everywhere',
    all.every(({ integrity }) => integrity === 'ok'),
  )
  const [adaStats, boStats] = [await ada.call('stats'), await bo.call('stats')]
  journal.expect('nothing is pending any more', adaStats.cdcOperations === 0 && boStats.cdcOperations === 0)
  journal.expect('both are at the same revision', adaStats.revision === boStats.revision)
  journal.expect('the outsider’s row reached Bo', await bo.call('hasNote', OUTSIDERS_NOTE))
}

async function openClient(name: 'Ada' | 'Bo', url: string): Promise<ClientProcess> {
  const client = track(new ClientProcess(name))
  await client.call('open', { path: file(`${name.toLowerCase()}.db`), url })
  return client
}

function track<T extends { destroy(): void }>(child: T): T {
  running.add(child)
  return child
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
