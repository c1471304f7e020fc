/** Bytes that a non-negative safe integer takes as a varint (LEB128). */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1
  return length
}

/** Writes a non-negative safe integer as a varint at `offset`; the offset behind it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let position = offset
  let rest = value
  while (rest >= 128) {
    target[position++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  target[position++] = rest
  return position
}
