import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'

/** What the benchmark runs on. */
export function machine(): string {
  const [first, ...rest] = cpus()
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`
  const system = `${process.platform} ${release()} ${process.arch}`
  return `${rest.length + 1} × ${first?.model ?? 'unknown CPU'}, ${memory}, ${system}, Node ${process.version}`
}

/** Runs with a folder of its own, which is removed afterwards. */
export async function inTemporaryFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  try {
    return await run(folder)
  } finally {
    // Servers that were killed may take a moment to let go.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
