/**
 * Loaded before anything else of a process: kills it at its n-th durable step. Steps are the calls by which
 * our own code changes files; SQLite's are not seen. `TIDEMARK_CRASH_AT` is n from 1, `TIDEMARK_CRASH_WHEN`
 * is `before` or `after`. At exit the number of steps is written to descriptor 3 if it is open.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const crashAt = Number(process.env['TIDEMARK_CRASH_AT'] ?? '0')
const crashBefore = process.env['TIDEMARK_CRASH_WHEN'] === 'before'
const report = fs.writeSync

let steps = 0
const mutable = fs as unknown as Record<string, (...args: unknown[]) => unknown>
for (const name of [
  'writeSync',
  'fdatasyncSync',
  'fsyncSync',
  'renameSync',
  'rmSync',
  'ftruncateSync',
  'writeFileSync',
]) {
  const original = mutable[name]!
  mutable[name] = (...args: unknown[]): unknown => {
    steps += 1
    if (steps === crashAt && crashBefore) process.kill(process.pid, 'SIGKILL')
    const result = original(...args)
    if (steps === crashAt) process.kill(process.pid, 'SIGKILL')
    return result
  }
}
mutable['fdatasync'] = (...args: unknown[]): void => {
  const [descriptor, done] = args as [number, (error: null) => void]
  mutable['fdatasyncSync']!(descriptor)
  process.nextTick(done, null)
}
syncBuiltinESMExports()

/** Tells the parent something without counting as a step. */
export function tell(line: string): void {
  report(1, `${line}\n`)
}

process.on('exit', () => {
  tell(`steps ${steps}`)
})
