/** Runs asynchronous operations one after another, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** @throws the signal's reason when it is aborted before the turn has come; `run` is not called then */
  async take<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const begun = Promise.withResolvers<void>()
    const turn = this.#last.then(() => {
      begun.resolve()
      signal.throwIfAborted()
      return run()
    })
    this.#last = turn.catch(() => undefined)
    await untilAborted(signal, begun.promise)
    return await turn
  }
}

/** What `promise` resolves to, unless the signal is aborted first. @throws the signal's reason */
export async function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => {
    aborted.reject(signal.reason)
  }
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
