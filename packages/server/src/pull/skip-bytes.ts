/** The chunks without the first `bytes` bytes. */
export async function* skipBytes(
  chunks: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of chunks) {
    if (left < chunk.byteLength) yield left === 0 ? chunk : chunk.subarray(left)
    left = Math.max(left - chunk.byteLength, 0)
  }
}
