import type { LocalChange, RejectedChange } from '@tidemark/sdk-node'

/** The change of an entry that the server refuses; the others went with it. */
export function refusedChange({ id, changes }: RejectedChange): LocalChange | null {
  return changes.find(({ changeId }) => changeId === id) ?? changes[0] ?? null
}
