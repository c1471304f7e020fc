/** How long something took, many times. */
export class Latencies {
  readonly #ms: number[] = []

  async time<T>(run: () => Promise<T>): Promise<T> {
    const start = performance.now()
    const result = await run()
    this.#ms.push(performance.now() - start)
    return result
  }

  get count(): number {
    return this.#ms.length
  }

  /** The value that so many percent are not above, milliseconds; 0 where there are none. */
  percentile(percent: number): number {
    const sorted = this.#ms.toSorted((a, b) => a - b)
    return sorted[Math.max(Math.ceil((sorted.length * percent) / 100) - 1, 0)] ?? 0
  }

  toString(): string {
    const [p50, p95, p99, max] = [50, 95, 99, 100].map((percent) => this.percentile(percent).toFixed(1))
    return `${this.count} times, p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, max ${max} ms`
  }
}
