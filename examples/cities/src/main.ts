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
import { Journal, type StepOutcome } from './journal.ts'
import { expectedRows, type Edits } from './offline-edits.ts'
import { prove, type Proof } from './proof.ts'
import { printChecks, printProofs, printSteps, progress } from './report.ts'
import { ServerProcess } from './server-process.ts'

const OUTSIDERS_NOTE = 'written by plain better-sqlite3'
const KILL_AFTER_BYTES = 16 * 1024
const outsiderProgram = join(import.meta.dirname, 'outsider.ts')

const folder = mkdtempSync(join(tmpdir(), 'tidemark-cities-'))
const file = (name: string): string => join(folder, name)
const journal = new Journal()
const running = new Set<{ destroy(): void }>()

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
  progress(`the server listens on ${server.url}`)

  const ada = await openClient('Ada', url)
  const bo = track(new ClientProcess('Bo'))
  const before = await fillAndBootstrap(ada, bo, url)

  await server.stop()
  running.delete(server)
  progress('the server is stopped: both are offline')
  const edits = await editOffline(ada, bo)
  server = track(await ServerProcess.start(file('server'), port))
  progress('the server is back')

  await meetConflict(ada, bo)
  const revived = await killInPull(ada, url)
  await journal.stepOf(bo, 'pulls', pull(bo))
  const proofs = await proveConvergence(server, revived, bo)
  journal.expect(
    'no edit is missing: every table has the rows that the edits make',
    JSON.stringify(proofs.get('server')?.rows) === JSON.stringify(expectedRows(before, edits, 1)),
  )

  await Promise.all([revived.close(), bo.close()])
  await server.stop()
  running.clear()
  printSteps(journal.steps)
  printProofs(proofs)
  console.log()
  printChecks(journal.checks)
}

/** Ada brings all cities, Bo fetches them. Returns the rows that there are. */
async function fillAndBootstrap(ada: ClientProcess, bo: ClientProcess, url: string): Promise<Proof['rows']> {
  await journal.stepOf(ada, 'loads the cities', async () => ({ rows: await ada.call('load') }))
  await journal.stepOf(ada, 'pushes', push(ada))
  await journal.step('Bo bootstraps', async () => {
    const { networkSentBytes, networkReceivedBytes } = await bo.call('open', { path: file('bo.db'), url })
    return { sentBytes: networkSentBytes, receivedBytes: networkReceivedBytes }
  })
  await journal.stepOf(ada, 'pulls', pull(ada))
  return (await bo.call('prove')).rows
}

async function editOffline(ada: ClientProcess, bo: ClientProcess): Promise<Edits> {
  let adas: Record<string, number> = {}
  let bos: Record<string, number> = {}
  await journal.stepOf(ada, 'edits offline', async () => {
    adas = await ada.call('edit', 'Ada')
    return { rows: sum(adas) }
  })
  await journal.stepOf(ada, 'checkpoints', async () => {
    await ada.call('checkpoint')
    const { mainWalSize, cdcOperations } = await ada.call('stats')
    journal.expect(
      'the checkpoint emptied Ada’s WAL and kept what is pending',
      mainWalSize === 0 && cdcOperations > 0,
    )
    return { note: `${cdcOperations.toLocaleString('en-US')} changes pending` }
  })
  await journal.step('an outsider writes to Ada’s file', async () => {
    await promisify(execFile)(process.execPath, [outsiderProgram, file('ada.db'), OUTSIDERS_NOTE])
    return { rows: 1, note: 'plain better-sqlite3' }
  })
  await journal.stepOf(bo, 'edits offline', async () => {
    bos = await bo.call('edit', 'Bo')
    return { rows: sum(bos) }
  })
  journal.expect(
    'a push while the server is down fails, typed',
    (await bo.call('failedPush')) === 'TIDEMARK_NETWORK',
  )
  return { ada: adas, bo: bos }
}

/** Both push what they did offline; the second meets the rows of the first, pulls, and pushes again. */
async function meetConflict(ada: ClientProcess, bo: ClientProcess): Promise<void> {
  await journal.stepOf(ada, 'pushes', push(ada))
  await journal.stepOf(bo, 'pushes', async () => {
    const { conflicts } = await bo.call('push')
    journal.expect('Bo’s push met rows that Ada had changed, and was refused as a whole', conflicts > 0)
    return { note: `refused: ${conflicts.toLocaleString('en-US')} conflicts` }
  })
  await journal.stepOf(bo, 'pulls', async () => {
    await bo.call('pull')
    const { conflicts } = await bo.call('stats')
    return { note: `${conflicts.toLocaleString('en-US')} conflicts resolved` }
  })
  await journal.stepOf(bo, 'pushes again', push(bo))
}

/** Ada's process dies in the middle of fetching Bo's edits. Returns the one that carries on. */
async function killInPull(ada: ClientProcess, url: string): Promise<ClientProcess> {
  const { revision } = await ada.call('stats')
  await journal.step('Ada pulls, and is killed', async () => {
    const signal = await ada.killInPull(KILL_AFTER_BYTES)
    running.delete(ada)
    journal.expect('Ada’s process was killed in the middle of a pull', signal === 'SIGKILL')
    return { receivedBytes: KILL_AFTER_BYTES, note: signal }
  })
  const revived = await openClient('Ada', url)
  const after = await revived.call('stats')
  journal.expect('Ada’s file came up at the revision before that pull', after.revision === revision)
  await journal.stepOf(revived, 'starts again and pulls', pull(revived))
  return revived
}

async function proveConvergence(
  server: ServerProcess,
  ada: ClientProcess,
  bo: ClientProcess,
): Promise<ReadonlyMap<string, Proof>> {
  const onServer = await prove((sql) => server.query('cities', sql))
  const proofs = new Map([
    ['server', onServer],
    ['Ada', await ada.call('prove')],
    ['Bo', await bo.call('prove')],
  ])
  const all = [...proofs.values()]
  const rows = (proof: Proof): string => JSON.stringify(proof.rows)
  journal.expect(
    'the same content on the server and on both clients',
    all.every(({ digest }) => digest === onServer.digest),
  )
  journal.expect(
    'the same row counts everywhere',
    all.every((proof) => rows(proof) === rows(onServer)),
  )
  journal.expect(
    'integrity_check is ok everywhere',
    all.every(({ integrity }) => integrity === 'ok'),
  )
  const [adas, bos] = [await ada.call('stats'), await bo.call('stats')]
  journal.expect('nothing is pending any more', adas.cdcOperations === 0 && bos.cdcOperations === 0)
  journal.expect('both clients are at the same revision', adas.revision === bos.revision)
  journal.expect('the outsider’s row reached Bo', await bo.call('hasNote', OUTSIDERS_NOTE))
  return proofs
}

function push(client: ClientProcess): () => Promise<StepOutcome> {
  return async () => ({ rows: (await client.call('push')).operations })
}

function pull(client: ClientProcess): () => Promise<StepOutcome> {
  return async () => {
    await client.call('pull')
    return {}
  }
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
