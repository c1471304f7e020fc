import type { Finding } from './finding.ts'
import { fuzzDecoders } from './fuzz-decoders.ts'
import { BesiegedServer } from './besieged-server.ts'
import { fuzzServer } from './fuzz-server.ts'
import { fuzzClient } from './fuzz-client.ts'
import { ServerProcess } from '../server-process.ts'
import { temporaryDirectory } from '../temporary-directory.ts'

export interface FuzzOptions {
  readonly seed: number
  /** For each layer; 0: one seed. */
  readonly seconds: number
  readonly layers: readonly string[]
  readonly onFinding?: (layer: string, finding: Finding) => void
}

export interface FuzzSummary {
  readonly layer: string
  readonly seeds: number
  readonly cases: number
  readonly findings: number
  readonly note: string
}

interface Layer extends AsyncDisposable {
  run(seed: number): Promise<{ readonly cases: number; readonly findings: readonly Finding[] }>
  note(): string
}

const MAX_FINDINGS = 20

const LAYERS: Readonly<Record<string, () => Promise<Layer>>> = {
  async decoders() {
    return {
      run: async (seed) => fuzzDecoders(seed),
      note: () => '',
      [Symbol.asyncDispose]: async () => {},
    }
  },
  async client() {
    const folder = temporaryDirectory()
    const server = await ServerProcess.start(folder.path)
    return {
      run: async (seed) => fuzzClient(server, seed),
      note: () => '',
      async [Symbol.asyncDispose]() {
        await server.stop('SIGKILL')
        folder[Symbol.dispose]()
      },
    }
  },
  async server() {
    const server = await BesiegedServer.start()
    return {
      run: async (seed) => fuzzServer(server, seed),
      note: () =>
        `, memory at most ${server.peakRssBytes.map((bytes) => `${bytes >>> 20} MiB`).join(' and ')} a worker`,
      [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
    }
  },
}

/** Runs seeds one after another, each layer for its time. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzSummary[]> {
  const summaries: FuzzSummary[] = []
  for (const name of options.layers) summaries.push(await runLayer(name, options))
  return summaries
}

async function runLayer(
  name: string,
  { seed: first, seconds, onFinding }: FuzzOptions,
): Promise<FuzzSummary> {
  const start = LAYERS[name]
  if (start === undefined)
    throw new RangeError(`no layer ${name}; there are ${Object.keys(LAYERS).join(', ')}`)
  await using layer = await start()
  const end = performance.now() + seconds * 1000
  let seed = first
  let cases = 0
  let findings = 0
  do {
    const result = await layer.run(seed)
    seed += 1
    cases += result.cases
    findings += result.findings.length
    for (const finding of result.findings) onFinding?.(name, finding)
  } while (performance.now() < end && findings < MAX_FINDINGS)
  return { layer: name, seeds: seed - first, cases, findings, note: layer.note() }
}
