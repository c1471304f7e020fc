import type { HranaCondition } from '@tidemark/protocol'

export type StepOutcome = 'ok' | 'error' | 'skipped'

/** @param isAutocommit asked only where the condition mentions it */
export function isMet(
  condition: HranaCondition,
  outcomes: readonly StepOutcome[],
  isAutocommit: () => boolean,
): boolean {
  switch (condition.type) {
    case 'ok':
      return outcomes[condition.step] === 'ok'
    case 'error':
      return outcomes[condition.step] === 'error'
    case 'not':
      return !isMet(condition.cond, outcomes, isAutocommit)
    case 'and':
      return condition.conds.every((part) => isMet(part, outcomes, isAutocommit))
    case 'or':
      return condition.conds.some((part) => isMet(part, outcomes, isAutocommit))
    case 'is_autocommit':
      return isAutocommit()
  }
}
