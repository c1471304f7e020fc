import { existsSync, readFileSync } from 'node:fs'

import { wayOf } from '../crash-points/way-to-disk.ts'
import type { Part, TracedStep } from './death.ts'

/** A step of a server's process, by what it does. */
export interface Step {
  readonly of: Part
  /** From 1, as that process counts. */
  readonly nth: number
  /** The call sites by which a file is changed, or the method and path of an answer. */
  readonly sites: readonly string[]
}

/**
 * The steps that a server's processes have told. Each of its parts must have been one process.
 *
 * @throws as {@link wayOf}
 */
export function readSteps(tracePath: string): Step[] {
  if (!existsSync(tracePath)) return []
  const counts: Record<Part, number> = { main: 0, worker: 0 }
  return readFileSync(tracePath, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { of, what } = JSON.parse(line) as TracedStep
      counts[of] += 1
      const sites = 'stack' in what ? wayOf(what.stack) : [`${what.method} ${routeOf(what.path)}`]
      return { of, nth: counts[of], sites }
    })
}

/** As the server's sources name it. */
function routeOf(path: string): string {
  return path
    .replace(/^\/db\/[^/]+/, '')
    .replace(/^\/v[23]\/pipeline$/, '${version}/pipeline')
    .replace(/^(\/admin\/v1\/databases)\/.+/, '$1/:name')
    .replace(/^\/export\/.+/, '/export/:generation')
    .replace(/^\/sync\/.+/, '/sync/:generation/:start/:end')
}
