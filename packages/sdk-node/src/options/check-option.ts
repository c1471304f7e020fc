import { OptionsError } from '../errors/options-error.ts'

/** @throws OptionsError unless `value` is an integer of at least `minimum` */
export function checkInteger(option: string, value: unknown, minimum: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < minimum) {
    throw new OptionsError(option, `expected an integer of at least ${minimum}, got ${describe(value)}`)
  }
  return value as number
}

/** @throws OptionsError unless `value` is a finite number of at least `minimum` */
export function checkAtLeast(option: string, value: unknown, minimum: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < minimum) {
    throw new OptionsError(option, `expected a number of at least ${minimum}, got ${describe(value)}`)
  }
  return value
}

/** @throws OptionsError unless `value` is a string that is not empty */
export function checkText(option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') {
    throw new OptionsError(option, `expected a non-empty string, got ${describe(value)}`)
  }
  return value
}

/** @throws OptionsError unless `value` is a boolean */
export function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new OptionsError(option, `expected true or false, got ${describe(value)}`)
  return value
}

/** @throws OptionsError unless `value` is a function */
export function checkFunction(option: string, value: unknown): void {
  if (typeof value !== 'function')
    throw new OptionsError(option, `expected a function, got ${describe(value)}`)
}

/** @throws OptionsError unless `value` is one of `choices` */
export function checkChoice<T extends string>(option: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value)
  if (found === undefined) {
    throw new OptionsError(option, `expected one of ${choices.join(', ')}, got ${describe(value)}`)
  }
  return found
}

/** @throws OptionsError unless `value` is a plain object that has only keys of `known` */
export function checkKeys(option: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OptionsError(option, `expected an object, got ${describe(value)}`)
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new OptionsError(option === 'options' ? key : `${option}.${key}`, 'is not known; misspelled?')
    }
  }
}

/** A value as an error message may show it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}
