/** Enough for the deepest chain of helpers. */
export const STACK_DEPTH = 40

/** The calls that are being made, innermost first, as the engine prints them. */
export function stackHere(): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = STACK_DEPTH
  const { stack } = new Error('who calls?')
  Error.stackTraceLimit = stackTraceLimit
  return stack!
}
