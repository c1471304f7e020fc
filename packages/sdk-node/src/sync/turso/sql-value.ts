import { RawText, TidemarkError, toHranaValue } from '@tidemark/protocol'
import type { HranaValue, SqlValue } from '@tidemark/protocol'
import { realExpression } from './real-expression.ts'

/** A value that cannot be said in SQL over HTTP so that it arrives as it is. */
export class UnsendableValueError extends TidemarkError {
  override readonly name = 'UnsendableValueError'
  constructor(message: string) {
    super('TIDEMARK_UNSENDABLE_VALUE', message, { recovery: 'fix-data' })
  }
}

/**
 * Digits that a JSON number may have, and powers of ten that it may be off by, for every parser to get
 * exactly the same double.
 */
const EXACT_DIGITS = 15
const EXACT_POWER = 22

/** One statement under construction: gives each value a numbered parameter, or the SQL expression that makes it. */
export class StatementBuilder {
  readonly args: HranaValue[] = []

  /** @throws UnsendableValueError */
  bind(value: SqlValue): string {
    if (value === null) return 'NULL'
    if (value instanceof RawText)
      throw new UnsendableValueError('a text that is not UTF-8 cannot be sent to this server unchanged')
    if (typeof value === 'number' && !isExactInJson(value)) return realExpression(value)
    this.args.push(toHranaValue(value))
    return `?${this.args.length}`
  }
}

/**
 * tursodb 0.6 reads a float of more digits an ulp or so off, as it does a literal in SQL. With no more digits
 * and powers than these, one multiplication or division of two exact doubles makes the value, whoever does
 * it.
 */
function isExactInJson(value: number): boolean {
  if (!Number.isFinite(value) || Object.is(value, -0)) return false
  const [, whole = '', fraction = '', power = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(JSON.stringify(value)) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '').length
  return digits <= EXACT_DIGITS && Math.abs(Number(power) - fraction.length) <= EXACT_POWER
}
