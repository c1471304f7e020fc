import { getCallSites } from 'node:util'

import { isOfHelper, scanModules } from './call-sites.ts'
import type { Call } from './call-sites.ts'
import { STACK_DEPTH, stackHere } from './stack-here.ts'

/** All that may change files of a client or of a server. */
const MODULES = scanModules(['engine/src', 'server/src', 'sdk-node/src'])

const FRAME = /packages\/((?!testkit\/)[^/]+\/src\/[^:()]+\.ts):(\d+):(\d+)\)?$/

/** All call sites in the sources, in their order. */
export function callSites(): string[] {
  return [...MODULES.values()].flatMap(({ calls }) => calls.flatMap(({ site }) => site ?? []))
}

/**
 * The call sites by which the file call was reached that is being made: from the one that makes it to the
 * first that is not a helper's.
 *
 * @throws as {@link wayOf}
 */
export function wayToDisk(): readonly string[] {
  return wayOf(stackHere())
}

/**
 * The same for a call of another process, which has kept its stack ({@link stackHere}).
 *
 * @throws TypeError where a caller is not known to change anything: `HELPERS` does not say so
 */
export function wayOf(stack: string): readonly string[] {
  const way: string[] = []
  for (const line of stack.split('\n')) {
    const call = callAt(line)
    if (call === null) continue
    if (call.site !== null) way.push(call.site)
    if (isOfHelper(call)) continue
    if (call.site === null)
      throw new TypeError(`nobody knows that this changes a file: ${line.trim()}\n${stack}`)
    return way
  }
  throw new TypeError(`nobody is known who calls this: ${stack}`)
}

/** Whether the file call that is being made was reached by way of a call site. */
export function isOnWayFrom(site: string): boolean {
  const [, within = ''] = site.split(': ')
  const name = within.split('.').at(-1)!
  // Names of functions are had for nothing; places in the sources are not.
  const isNear = getCallSites(STACK_DEPTH).some(({ functionName }) => functionName.replace('#', '') === name)
  return isNear && wayToDisk().includes(site)
}

/** The innermost call that a frame of a stack is in; null for a frame outside the modules. */
function callAt(frame: string): Call | null {
  const [, name, line, column] = FRAME.exec(frame) ?? []
  const module = name === undefined ? undefined : MODULES.get(name)
  if (module === undefined) return null
  const offset = module.lines[Number(line) - 1]! + Number(column) - 1
  const around = module.calls.filter(({ start, end }) => start <= offset && offset < end)
  return around.toSorted((a, b) => a.end - a.start - (b.end - b.start))[0] ?? null
}
