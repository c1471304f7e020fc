import type { Work } from './work.ts'

const ROUNDS = 62
/**
 * How many requests the processes of client and server have made that have been running for long: V8 has
 * compiled by then what a request runs through.
 */
const LONG = 1000

/**
 * A short request twice: of processes that have been running, which has the target, and of new ones, in which
 * V8 still interprets.
 */
export function shortRequest(work: Omit<Work, 'rounds' | 'warmUps' | 'isQuick'>): readonly Work[] {
  return [
    { ...work, warmUps: LONG, rounds: ROUNDS, isQuick: true },
    {
      ...work,
      name: `${work.name}, new processes`,
      warmUps: 0,
      rounds: ROUNDS,
      isQuick: false,
      target: null,
    },
  ]
}
