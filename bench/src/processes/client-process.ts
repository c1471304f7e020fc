/**
 * `client-process.ts <side> <work> <folder>`: starts the side's server and runs rounds of one work, each when
 * the parent says so, so that both sides take turns. A process of its own for each work and side, so that
 * memory and CPU time are theirs alone.
 */
import { join } from 'node:path'
import { rest } from '../rest.ts'
import { sides } from '../sides/index.ts'
import type { SideName } from '../sides/index.ts'
import { removeReplica } from '../sides/remove-replica.ts'
import type { BenchServer, Durability, Replica } from '../sides/side.ts'
import { works } from '../works/index.ts'
import type { Bench, Work } from '../works/work.ts'
import { BodyBytes } from './body-bytes.ts'
import { cpuMs, peakMb, processTree, resetPeaks } from './process-usage.ts'
import type { ClientMessage, ClientOrder, Sample } from './sample.ts'

const [, , sideName, workName, folder] = process.argv as [string, string, SideName, string, string]
const side = sides[sideName]
const work = works.find(({ name }) => name === workName)!
const bytes = new BodyBytes()

class BenchFolder implements Bench {
  readonly #server: BenchServer
  readonly #replicas = new Map<string, Replica>()

  constructor(server: BenchServer) {
    this.#server = server
  }

  replica(name: string): Promise<Replica> {
    return this.#open(name, this.#server.url, work.durability)
  }

  local(durability: Durability): Promise<Replica> {
    return this.#open('local', null, durability)
  }

  async forget(name: string): Promise<void> {
    await this.#replicas.get(name)?.close()
    this.#replicas.delete(name)
    removeReplica(join(folder, `${name}.db`))
  }

  async #open(name: string, url: string | null, durability: Durability): Promise<Replica> {
    const open = this.#replicas.get(name)
    if (open !== undefined) return open
    const replica = await side.connect({ path: join(folder, `${name}.db`), url, durability })
    this.#replicas.set(name, replica)
    return replica
  }
}

async function runRound(bench: Bench, current: Work, round: number): Promise<Sample> {
  await current.prepare?.(bench, round)
  await rest()
  const serverPids = processTree(server.pid)
  resetPeaks([process.pid, ...serverPids])
  bytes.reset()
  const serverCpuBefore = cpuMs(serverPids)
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  await current.run(bench, round)
  const ms = performance.now() - start
  const cpu = process.cpuUsage(cpuBefore)
  const measured = {
    ms,
    sentBytes: bytes.sent,
    receivedBytes: bytes.received,
    clientCpuMs: (cpu.user + cpu.system) / 1000,
    serverCpuMs: cpuMs(serverPids) - serverCpuBefore,
    clientPeakMb: peakMb([process.pid]),
    serverPeakMb: peakMb(serverPids),
  }
  return { ...measured, digest: await current.check(bench, round) }
}

async function warmUp(bench: Bench, current: Work, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await current.prepare?.(bench, round)
    await current.run(bench, round)
  }
}

function tell(message: ClientMessage): void {
  process.send!(message)
}

async function attempt(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) })
  }
}

const server = await side.startServer(folder)
const bench = new BenchFolder(server)
process.on('message', (order: ClientOrder) => {
  void attempt(async () => {
    if ('round' in order) return tell({ type: 'sample', sample: await runRound(bench, work, order.round) })
    await warmUp(bench, work, order.warmUps)
    tell({ type: 'ready' })
  })
})
// The parent is gone; nobody else would end the server.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
await attempt(async () => {
  await work.setUp?.(bench)
  tell({ type: 'ready' })
})
