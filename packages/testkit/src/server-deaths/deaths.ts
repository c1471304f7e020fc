import type { Death } from './death.ts'
import type { Step } from './steps.ts'

const TAKES = ['both', 'itself', 'main'] as const
/** Of the steps of a server that starts again after a death. */
const STEPS_OF_A_START = 12
/** Behind any other step is before the next. */
const IS_WRITE_OR_ANSWER = /: write\w*Sync$|^[A-Z]+ \//

/** The deaths of a server in a life of these steps: before each and behind it, a worker alone or not, by turns. */
export function deathsAt(steps: readonly Step[]): Death[] {
  return steps.flatMap(({ of, nth, sites }, index) => {
    const whens = IS_WRITE_OR_ANSWER.test(sites[0]!) ? (['before', 'behind'] as const) : (['before'] as const)
    return whens.map((when, turn): Death => ({
      of,
      at: nth,
      when,
      takes: of === 'main' ? 'itself' : TAKES[(index + turn) % TAKES.length]!,
    }))
  })
}

/** A death, and each second time another one in what comes after it. */
export function withSequel(death: Death, index: number): Death[] {
  if (index % 2 === 0) return [death]
  const at = 1 + (Math.floor(index / 2) % STEPS_OF_A_START)
  return [death, { of: 'worker', at, when: 'before', takes: 'both' }]
}
