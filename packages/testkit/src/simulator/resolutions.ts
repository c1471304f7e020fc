import type { Conflict, ConflictDecision, ConflictResolution } from '@tidemark/sdk-node'

/**
 * How a client decides conflicts: by a name; by a map of tables; by a function that takes all decisions there
 * are, or by one that fails in some conflicts.
 */
export type ResolutionPlan = (typeof RESOLUTIONS)[number]

export const RESOLUTIONS = [
  'last-push-wins',
  'keep-local',
  'accept-remote',
  'by table',
  'function',
  'failing function',
] as const

/** As the SDK takes it. */
export function resolutionOf(plan: ResolutionPlan): ConflictResolution {
  switch (plan) {
    case 'by table':
      return { T1: 'accept-remote', t2: 'keep-local', t3: 'last-push-wins' }
    case 'function':
      return decide
    case 'failing function':
      return (conflict) => {
        if (conflict.changeId % 3 === 0) throw new Error('the application cannot decide')
        return decide(conflict)
      }
    default:
      return plan
  }
}

/** The same conflict is decided the same way each time. */
function decide({ changeId, local, remote }: Conflict): ConflictDecision {
  // The tables whose columns come and go have others.
  const hasThem = Object.hasOwn(remote ?? local ?? {}, 'b')
  switch (changeId % (hasThem ? 5 : 3)) {
    case 0:
      return 'keep-local'
    case 1:
      return 'accept-remote'
    case 2:
      return 'last-push-wins'
    case 3:
      return { row: { b: `decided ${changeId}` } }
    default:
      return { row: { ...(remote ?? local), b: changeId, tag: (local ?? remote)?.['tag'] ?? null } }
  }
}
