/** Runs each step, also behind one that throws: what is to be let go of is. @returns what was thrown, in order */
export function runAll(steps: Iterable<() => void>): readonly Error[] {
  const errors: Error[] = []
  for (const step of steps) {
    try {
      step()
    } catch (error) {
      errors.push(error as Error)
    }
  }
  return errors
}
