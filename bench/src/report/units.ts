/** `value` with three digits that count. */
function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value < 10 ? 2 : 1)
}

export function ms(value: number): string {
  return `${short(value)} ms`
}

/** CPU time is reported in seconds. */
export function seconds(valueMs: number): string {
  return `${(valueMs / 1000).toFixed(3)} s`
}

export function bytes(value: number): string {
  if (value < 10_000) return `${Math.round(value).toLocaleString('en')} B`
  return value < 1e6 ? `${short(value / 1000)} KB` : `${short(value / 1e6)} MB`
}

export function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`
}

export function times(ratio: number): string {
  return `${short(ratio)}×`
}
