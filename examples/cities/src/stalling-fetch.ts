/**
 * A `fetch` whose answers stop moving once so many bytes came through, as on a connection that hangs: the
 * bytes before are delivered, nothing after, no end, no error.
 *
 * @param allowance bytes that the next answer may deliver; asked once for each request
 * @param onStall called when an answer has stopped
 */
export function stallingFetch(allowance: () => number, onStall: () => void): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    let left = allowance()
    if (left === Number.POSITIVE_INFINITY || response.body === null) return response
    const gate = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        if (chunk.byteLength <= left) {
          left -= chunk.byteLength
          controller.enqueue(chunk)
          return
        }
        controller.enqueue(chunk.subarray(0, left))
        onStall()
        await new Promise<never>(() => undefined)
      },
    })
    return new Response(response.body.pipeThrough(gate), response)
  }
}
