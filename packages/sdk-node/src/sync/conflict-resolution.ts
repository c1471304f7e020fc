import { checkResolution } from '@tidemark/engine'
import type { Conflict, ConflictResolver } from '@tidemark/engine'
import type { SqlValue } from '@tidemark/protocol'
import { ConflictResolverError } from '../errors/conflict-resolver-error.ts'
import { OptionsError } from '../errors/options-error.ts'
import { checkChoice, describe } from '../options/check-option.ts'

/** `last-push-wins` and `keep-local`: the local change goes on top. `accept-remote`: the local change is dropped. */
export type ConflictStrategy = 'last-push-wins' | 'keep-local' | 'accept-remote'

/** What a resolver function decides: a strategy, or the row to write instead. */
export type ConflictDecision = ConflictStrategy | { readonly row: Readonly<Record<string, SqlValue>> }

/**
 * One strategy for all, one per table (others: `last-push-wins`), or a function that sees base, local and remote row.
 */
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

/**
 * Decides conflicts for replay. It must not throw there, in the middle of an open transaction: {@link check}
 * does, afterwards.
 */
export class Resolver {
  readonly #decide: (conflict: Conflict) => ConflictDecision
  #failures = 0
  #firstCause: unknown

  constructor(resolution: ConflictResolution) {
    this.#decide = decider(resolution)
  }

  readonly resolve: ConflictResolver = (conflict) => {
    try {
      return engineDecision(this.#decide(conflict), conflict)
    } catch (cause) {
      this.#failures += 1
      this.#firstCause ??= cause
      return 'keep-local'
    }
  }

  /** @throws ConflictResolverError if the application's function failed */
  check(): void {
    if (this.#failures > 0) throw new ConflictResolverError(this.#failures, this.#firstCause)
  }
}

/** Table names compare as SQLite compares them, without regard to ASCII case. */
function decider(resolution: ConflictResolution): (conflict: Conflict) => ConflictDecision {
  if (typeof resolution === 'function') return resolution
  if (typeof resolution === 'string') return () => resolution
  const byTable = new Map(
    Object.entries(resolution).map(([table, strategy]) => [table.toLowerCase(), strategy]),
  )
  return (conflict) => byTable.get(conflict.table.toLowerCase()) ?? 'last-push-wins'
}

function engineDecision(decision: ConflictDecision, conflict: Conflict): ReturnType<ConflictResolver> {
  if (decision === 'last-push-wins') return 'keep-local'
  return checkResolution(decision, conflict)
}
