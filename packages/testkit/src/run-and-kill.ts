import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Runs a script, kills it `ms` after it has said something, and returns the lines that it wrote: what it acknowledged.
 *
 * @throws Error when the script ended by itself, with what it wrote to standard error
 */
export async function runAndKill(script: string, args: readonly string[], ms: number): Promise<string[]> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const closed = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), closed])
  await delay(ms)
  child.kill('SIGKILL')
  const [code] = (await closed) as [number | null]
  if (code !== null) throw new Error(`the client ended by itself: ${errors}`)
  return output.split('\n').slice(0, -1)
}
