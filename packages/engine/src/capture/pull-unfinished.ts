import { StateError } from '@tidemark/protocol'

/** For what needs the queue of the database at `path` between the two halves of a pull, when it is in `-replay`. */
export function pullUnfinished(path: string): StateError {
  return new StateError(
    'TIDEMARK_PULL_UNFINISHED',
    `A pull of ${path} has failed half-way, or is just being applied by another program. What is pending is safe in ${path}-replay; the next sync operation finishes the pull.`,
    { recovery: 'pull' },
  )
}
