type Column = Uint32Array | Float64Array

/** `column`, or a larger copy of it where it has no place for index `length - 1`. New places are 0. */
export function grown<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column
  const capacity = Math.max(length, column.length + (column.length >>> 1), 64)
  const larger = (column instanceof Uint32Array ? new Uint32Array(capacity) : new Float64Array(capacity)) as T
  larger.set(column)
  return larger
}

/** A copy of `column[start, end)`. */
export function cut<T extends Column>(column: T, start: number, end: number): T {
  return column.slice(start, end) as T
}
