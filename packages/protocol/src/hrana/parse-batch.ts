import { LimitError, ProtocolError } from '../errors.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import type { HranaBatch, HranaBatchStep, HranaCondition } from './hrana-types.ts'
import { malformed, optionalArray, requireIndex, requireObject } from './json-fields.ts'
import type { JsonObject } from './json-fields.ts'
import { parseStatement } from './parse-statement.ts'

/** What is left of the bounds that count over all batches of a request. */
export class BatchBudget {
  steps: number = PROTOCOL_LIMITS.hranaSteps
  /** They nest. */
  conditions: number = PROTOCOL_LIMITS.hranaConditions
}

/** @throws ProtocolError, LimitError if `value` is not a batch whose conditions look back at earlier steps only */
export function parseBatch(value: unknown, path: string, budget: BatchBudget): HranaBatch {
  const object = requireObject(value, path)
  const steps = optionalArray(object['steps'], budget.steps, `${path}.steps`)
  budget.steps -= steps.length
  return { steps: steps.map((step, number) => parseStep(step, number, `${path}.steps[${number}]`, budget)) }
}

function parseStep(value: unknown, number: number, path: string, budget: BatchBudget): HranaBatchStep {
  const object = requireObject(value, path)
  const condition = object['condition'] ?? null
  return {
    condition: condition === null ? null : parseCondition(condition, number, `${path}.condition`, 0, budget),
    stmt: parseStatement(object['stmt'], `${path}.stmt`),
  }
}

/** @param stepNumber of the step that has the condition: it may refer to those before */
function parseCondition(
  value: unknown,
  stepNumber: number,
  path: string,
  depth: number,
  budget: BatchBudget,
): HranaCondition {
  if (depth > PROTOCOL_LIMITS.hranaConditionDepth) throw new LimitError(`${path} nests too deep`)
  budget.conditions -= 1
  if (budget.conditions < 0) {
    throw new LimitError(`request with more than ${PROTOCOL_LIMITS.hranaConditions} conditions`)
  }
  const object = requireObject(value, path)
  const parseNested = (nested: unknown): HranaCondition =>
    parseCondition(nested, stepNumber, path, depth + 1, budget)
  switch (object['type']) {
    case 'ok':
      return { type: 'ok', step: earlierStep(object, stepNumber, path) }
    case 'error':
      return { type: 'error', step: earlierStep(object, stepNumber, path) }
    case 'not':
      return { type: 'not', cond: parseNested(object['cond']) }
    case 'and':
      return { type: 'and', conds: nestedConditions(object, path).map(parseNested) }
    case 'or':
      return { type: 'or', conds: nestedConditions(object, path).map(parseNested) }
    case 'is_autocommit':
      return { type: 'is_autocommit' }
    default:
      throw malformed(path, 'a condition of a known type')
  }
}

function nestedConditions(object: JsonObject, path: string): readonly unknown[] {
  return optionalArray(object['conds'], PROTOCOL_LIMITS.hranaConditions, `${path}.conds`)
}

function earlierStep(object: JsonObject, stepNumber: number, path: string): number {
  const step = requireIndex(object['step'], `${path}.step`)
  if (step >= stepNumber) {
    throw new ProtocolError(`${path} refers to step ${step}, which does not come before`)
  }
  return step
}
