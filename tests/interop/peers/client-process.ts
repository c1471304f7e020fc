import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { DatabaseOpts } from '@tursodatabase/sync'

const script = fileURLToPath(new URL('client-steps.ts', import.meta.url))
const TIMEOUT_MS = 20_000

export type StepOutcome = { readonly result?: unknown } | { readonly error: string }

/**
 * What a Turso client in a process of its own made of each step: `push`, `pull`, or SQL. A client that is
 * opened again in a new process is what a restarted application has; in the process that had it open before, 0.7.2
 * does not always come back.
 */
export async function clientProcess(
  path: string,
  url: string,
  steps: readonly string[],
  options: Partial<DatabaseOpts> = {},
  signal?: AbortSignal,
): Promise<StepOutcome[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [script, path, url, JSON.stringify(options), ...steps],
    { timeout: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) },
  )
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as StepOutcome)
}
