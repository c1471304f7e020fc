/**
 * Aborts a request during which nothing has moved for a while. Each byte that moves, in either direction,
 * starts the time anew, so that a large body on a slow line is not cut.
 */
export class IdleDeadline {
  readonly #abort = new AbortController()
  readonly #idleMs: number
  #timer: NodeJS.Timeout | null = null
  #isExpired = false

  /** `firstMs` is the first time span, for requests that the server may hold; `idleMs` each further one. */
  constructor(firstMs: number, idleMs: number) {
    this.#idleMs = idleMs
    this.#start(firstMs)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** True if it was this deadline that aborted the request. */
  get isExpired(): boolean {
    return this.#isExpired
  }

  touch(): void {
    if (this.#timer !== null) this.#start(this.#idleMs)
  }

  stop(): void {
    clearTimeout(this.#timer ?? undefined)
    this.#timer = null
  }

  #start(ms: number): void {
    clearTimeout(this.#timer ?? undefined)
    this.#timer = setTimeout(() => {
      this.#isExpired = true
      this.#abort.abort()
    }, ms)
  }
}
