/** Lets long polls wait for the next commit. */
export class CommitSignal {
  readonly #waiting = new Set<() => void>()

  /** Resolves at the next {@link notify}, after `timeoutMs`, or when `signal` aborts, whichever is first. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, timeoutMs)
      signal.addEventListener('abort', wake)
      this.#waiting.add(wake)
    })
  }

  notify(): void {
    for (const wake of this.#waiting) wake()
  }
}
