/**
 * A statement that fails where `condition` (SQL, 0 or 1) is 0, and does nothing otherwise: the absolute value
 * of the least integer does not fit. Inside a batch whose steps each depend on the one before, it stops the
 * batch.
 */
export function guard(condition: string): string {
  return `SELECT abs(-9223372036854775807 - (NOT (${condition})))`
}
