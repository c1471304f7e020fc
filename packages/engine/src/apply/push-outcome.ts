import type { PushResponse } from '@tidemark/protocol'

type WithoutRevision<T> = T extends unknown ? Omit<T, 'revision'> : never

/** The answer to a push, but for the revision, which the caller knows after the commit. */
export type PushOutcome = WithoutRevision<
  Extract<PushResponse, { type: 'ok' | 'conflict' | 'rejected' | 'forked' | 'already-applied' }>
>
