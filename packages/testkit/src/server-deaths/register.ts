/**
 * Loaded before everything else of a server's processes (`--import`): counts their steps, and kills the
 * server at the one that it has been told.
 */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { ServerResponse } from 'node:http'
import { isMainThread } from 'node:worker_threads'

import { stackHere } from '../crash-points/stack-here.ts'
import { unwatched, watchEach } from '../simulator/file-calls.ts'
import { WATCH } from './death.ts'
import type { TracedStep, Watch } from './death.ts'

const { death, diedPath, tracePath } = JSON.parse(process.env[WATCH]!) as Watch
const of = process.env['TIDEMARK_WORKER'] === undefined ? 'main' : 'worker'
/** The successor of a worker that has died has the same environment. */
const isToDie = death?.of === of && !existsSync(diedPath)

let steps = 0

/** Finds out by the sources whether a call is on the way from a site: most servers need not know. */
const { isOnWayFrom } =
  isToDie && typeof death.at === 'string'
    ? await import('../crash-points/way-to-disk.ts')
    : { isOnWayFrom: null }

/** Whether to die at the step that begins now. */
function isLast(what: () => TracedStep['what']): boolean {
  steps += 1
  if (tracePath !== null)
    unwatched(() =>
      appendFileSync(tracePath, `${JSON.stringify({ of, what: what() } satisfies TracedStep)}\n`),
    )
  if (!isToDie) return false
  return typeof death.at === 'number' ? death.at === steps : unwatched(() => isOnWayFrom!(death.at as string))
}

/** Returns only where this process outlives its main process. */
function die(): void {
  unwatched(() => writeFileSync(diedPath, ''))
  const takes = of === 'main' ? 'itself' : death!.takes
  if (takes !== 'itself') process.kill(process.ppid, 'SIGKILL')
  if (takes !== 'main') process.kill(process.pid, 'SIGKILL')
}

if (isMainThread) {
  watchEach(() => {
    if (!isLast(() => ({ stack: stackHere() }))) return 'done'
    if (death!.when === 'before' || death!.takes === 'main') {
      die()
      return 'done'
    }
    return {
      cut: () => {
        die()
        throw new Error('this process is dead')
      },
    }
  })

  const { prototype } = ServerResponse
  const end = Reflect.get(prototype, 'end') as (...args: unknown[]) => ServerResponse
  prototype.end = function answer(this: ServerResponse, ...args: unknown[]): ServerResponse {
    const { method = '', url = '' } = this.req
    const isDying = isLast(() => ({ method, path: url }))
    if (isDying && death!.when === 'before') die()
    const response = end.apply(this, args)
    if (isDying) die()
    return response
  }
}
