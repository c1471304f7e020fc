import type { Replica } from '../src/index.ts'
import { keepLocal } from './interrupted-pull.ts'
import type { Origin } from './origin.ts'

/** The id of the pending change to the note `id`; 0: there is none. */
function changeOf(replica: Replica, id: string): number {
  const select = 'SELECT change_id FROM tidemark_cdc WHERE a0 = ? AND change_id > ?'
  return (
    replica.connection
      .prepare<[string, number], number>(select)
      .pluck()
      .get(id, replica.info.lastPushedChangeId) ?? 0
  )
}

/** Everything that changes the queue, on a replica where the notes `poison` and `keep` are pending. */
export const queueOperations = {
  setAside: (replica: Replica): void => {
    const refusal = { sqliteCode: 'SQLITE_CONSTRAINT_CHECK', message: 'no poison' }
    replica.queue.setAside({ changeId: changeOf(replica, 'poison'), ...refusal }, keepLocal)
  },
  discard: (replica: Replica): void => {
    replica.queue.discard(new Set([changeOf(replica, 'poison')]), keepLocal)
  },
  retry: (replica: Replica): void => {
    for (const { id } of replica.queue.rejected())
      replica.queue.retryRejected(id, { row: null, onConflict: () => {} })
  },
  reset: (replica: Replica, origin: Origin): void => {
    const stage = replica.stagePull()
    const pages = origin.pages(origin.head)
    for (const [index, image] of pages.entries()) stage.writePage(index + 1, image)
    stage.finish({ revision: 'reset', sizeInPages: pages.length, isWhole: true })
    replica.applyPull({ ...keepLocal, keepPending: false })
  },
} as const
