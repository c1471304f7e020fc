import type { Conflict, ConflictResolver } from '@tidemark/engine'
import type { SqlValue } from '@tidemark/protocol'
import { OptionsError } from '../errors/options-error.ts'
import { checkChoice, describe } from '../options/check-option.ts'

/** `last-push-wins` and `keep-local`: the local change goes on top. `accept-remote`: the local change is dropped. */
export type ConflictStrategy = 'last-push-wins' | 'keep-local' | 'accept-remote'

/** What a resolver function decides: a strategy, or the row to write instead. */
export type ConflictDecision = ConflictStrategy | { readonly row: Readonly<Record<string, SqlValue>> }

/** One strategy for all, one per table (others: `last-push-wins`), or a function that sees base, local and remote row. */
export type ConflictResolution =
  | ConflictStrategy
  | Readonly<Record<string, ConflictStrategy>>
  | ((conflict: Conflict) => ConflictDecision)

const STRATEGIES: readonly ConflictStrategy[] = ['last-push-wins', 'keep-local', 'accept-remote']

/** @throws OptionsError for an unknown strategy */
export function checkConflictResolution(resolution: ConflictResolution): ConflictResolution {
  if (typeof resolution === 'function') return resolution
  if (typeof resolution === 'string') return checkChoice('conflictResolution', resolution, STRATEGIES)
  if (typeof resolution !== 'object' || resolution === null) {
    throw new OptionsError(
      'conflictResolution',
      `expected a strategy, a map or a function, got ${describe(resolution)}`,
    )
  }
  for (const [table, strategy] of Object.entries(resolution)) {
    checkChoice(`conflictResolution.${table}`, strategy, STRATEGIES)
  }
  return resolution
}

/** The resolver that replay asks. Table names compare as SQLite compares them, without regard to ASCII case. */
export function conflictResolver(resolution: ConflictResolution): ConflictResolver {
  if (typeof resolution === 'function') return (conflict) => engineDecision(resolution(conflict))
  if (typeof resolution === 'string') return () => engineDecision(resolution)
  const byTable = new Map(
    Object.entries(resolution).map(([table, strategy]) => [table.toLowerCase(), strategy]),
  )
  return (conflict) => engineDecision(byTable.get(conflict.table.toLowerCase()) ?? 'last-push-wins')
}

function engineDecision(decision: ConflictDecision): ReturnType<ConflictResolver> {
  if (decision === 'last-push-wins') return 'keep-local'
  if (decision === 'keep-local' || decision === 'accept-remote') return decision
  if (typeof decision === 'object' && decision !== null && 'row' in decision) return { row: decision.row }
  throw new OptionsError('conflictResolution', `the function returned ${describe(decision)}`)
}
