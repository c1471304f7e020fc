const bits = new DataView(new ArrayBuffer(8))
const FRACTION_BITS = 52n
const EXPONENT_BIAS = 1075
/** The largest power of two that is a 64-bit integer. */
const LARGEST_SHIFT = 62

/**
 * SQL that computes exactly this double: an integer of at most 53 bits, multiplied or divided by powers of
 * two, none of which steps rounds. Decimal literals are not read exactly by every SQL engine.
 */
export function realExpression(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '9e999'
  if (value === Number.NEGATIVE_INFINITY) return '-9e999'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  let { mantissa, exponent } = decompose(Math.abs(value))
  while ((mantissa & 1n) === 0n) {
    mantissa >>= 1n
    exponent += 1
  }
  const factors: string[] = []
  for (let left = Math.abs(exponent); left > 0; left -= LARGEST_SHIFT)
    factors.push(`${exponent > 0 ? '*' : '/'}${1n << BigInt(Math.min(left, LARGEST_SHIFT))}`)
  return `(CAST(${value < 0 ? '-' : ''}${mantissa} AS REAL)${factors.join('')})`
}

/** A positive finite double as `mantissa` times two to the power of `exponent`. */
function decompose(value: number): { mantissa: bigint; exponent: number } {
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const biased = Number(raw >> FRACTION_BITS)
  const fraction = raw & ((1n << FRACTION_BITS) - 1n)
  return biased === 0
    ? { mantissa: fraction, exponent: 1 - EXPONENT_BIAS }
    : { mantissa: fraction | (1n << FRACTION_BITS), exponent: biased - EXPONENT_BIAS }
}
