/**
 * Makes one call by which our own code changes files fail, in this process. SQLite's own calls are not touched.
 *
 * - `refused`: the call does nothing
 * - `cut`: half of a write is done, anything else is done whole, then the call fails
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

export type FaultKind = 'refused' | 'cut'

let countdown = 0
let kind: FaultKind = 'refused'
let code = 'ENOSPC'

const mutable = fs as unknown as Record<string, (...args: unknown[]) => unknown>
for (const name of [
  'openSync',
  'writeSync',
  'writeFileSync',
  'fdatasyncSync',
  'fsyncSync',
  'renameSync',
  'rmSync',
  'ftruncateSync',
]) {
  const original = mutable[name]!
  mutable[name] = (...args: unknown[]): unknown => {
    if (countdown === 0 || --countdown > 0) return original(...args)
    if (kind === 'cut' && name === 'writeSync')
      original(args[0], args[1], args[2], Math.floor(Number(args[3]) / 2), args[4])
    else if (kind === 'cut' && name !== 'openSync') original(...args)
    throw Object.assign(new Error(`${code}: injected, ${name}`), { code })
  }
}
syncBuiltinESMExports()

/**
 * Runs `run` while its n-th call fails. Returns what it threw; null where it did not, `isReached` telling
 * whether there was such a call.
 */
export function withFault(
  fault: { readonly at: number; readonly kind: FaultKind; readonly code: 'ENOSPC' | 'EIO' | 'EMFILE' },
  run: () => unknown,
): { readonly error: unknown; readonly isReached: boolean } {
  countdown = fault.at
  ;({ kind, code } = fault)
  try {
    run()
    return { error: null, isReached: countdown === 0 }
  } catch (error) {
    return { error, isReached: countdown === 0 }
  } finally {
    countdown = 0
  }
}
