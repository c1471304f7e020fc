/** Watches the calls by which our own code changes files, in this process. SQLite's own calls are not seen. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

export const MUTATING_CALLS = [
  'openSync',
  'mkdirSync',
  'writeSync',
  'writeFileSync',
  'fdatasyncSync',
  'fsyncSync',
  'renameSync',
  'rmSync',
  'ftruncateSync',
  'truncateSync',
] as const

export type MutatingCall = (typeof MUTATING_CALLS)[number]

/**
 * What becomes of a call: it happens, it fails before anything is done, or half-way: then `cut` is called,
 * which ends what called.
 */
export type Verdict = 'done' | { readonly refused: Error } | { readonly cut: () => never }

/** Asked before each call; null: nobody watches. */
let watcher: ((call: MutatingCall, args: readonly unknown[]) => Verdict) | null = null
/** Told of each call that is not refused. */
let observer: ((call: MutatingCall, args: readonly unknown[]) => void) | null = null

const mutable = fs as unknown as Record<string, (...args: unknown[]) => unknown>
for (const name of MUTATING_CALLS) {
  const original = mutable[name]!
  mutable[name] = (...args: unknown[]): unknown => {
    if (name === 'openSync' && !isCreating(args[1])) return original(...args)
    const verdict = watcher?.(name, args) ?? 'done'
    if (verdict !== 'done' && 'refused' in verdict) throw verdict.refused
    observer?.(name, args)
    if (verdict === 'done') return original(...args)
    if (name === 'writeSync' && typeof args[3] === 'number')
      original(args[0], args[1], args[2], Math.floor(args[3] / 2), args[4])
    else if (name === 'writeSync') original(args[0], String(args[1]).slice(0, String(args[1]).length / 2))
    else if (name === 'openSync') fs.closeSync(original(...args) as number)
    else original(...args)
    return verdict.cut()
  }
}
/** Seen as `fdatasyncSync`, and done at once: which thread is first does not depend on chance. */
mutable['fdatasync'] = (...args: unknown[]): void => {
  const [descriptor, done] = args as [number, (error: unknown) => void]
  let failure: unknown = null
  try {
    mutable['fdatasyncSync']!(descriptor)
  } catch (error) {
    failure = error
  }
  process.nextTick(done, failure)
}
syncBuiltinESMExports()

/** Whether flags of `openSync` make a file or empty one. */
function isCreating(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (fs.constants.O_CREAT | fs.constants.O_TRUNC)) !== 0
  return typeof flags === 'string' && /^[wa]/.test(flags)
}

/** From here on `observe` is told; null: nobody is. */
export function observing(observe: typeof observer): void {
  observer = observe
}

/** Runs `run` unseen. */
export function unwatched<T>(run: () => T): T {
  const before = { watcher, observer }
  watcher = null
  observer = null
  try {
    return run()
  } finally {
    ;({ watcher, observer } = before)
  }
}

/** From here on each call is shown to `watch`. */
export function watchEach(watch: NonNullable<typeof watcher>): void {
  watcher = watch
}

/** Runs `run` with each call shown to `watch`. */
export async function watching<T>(watch: NonNullable<typeof watcher>, run: () => Promise<T>): Promise<T> {
  watcher = watch
  try {
    return await run()
  } finally {
    watcher = null
  }
}
