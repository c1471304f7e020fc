import { processUsage } from '../process-usage.ts'

const INTERVAL_MS = 50

/** Watches a server until it is disposed: the most that its main process and any of its workers took. */
export class UsagePeaks implements Disposable {
  readonly #timer: NodeJS.Timeout
  mainRssBytes = 0
  workerRssBytes = 0
  totalRssBytes = 0
  descriptors = 0

  constructor(pid: number) {
    this.#timer = setInterval(() => this.#sample(pid), INTERVAL_MS)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  toString(): string {
    const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
    return `memory ${mib(this.totalRssBytes)} in all at most (main ${mib(this.mainRssBytes)}, a worker ${mib(this.workerRssBytes)}), open files ${this.descriptors} in a process`
  }

  #sample(pid: number): void {
    const { rssBytes, descriptors } = processUsage(pid)
    const [main = 0, ...workers] = rssBytes
    this.mainRssBytes = Math.max(this.mainRssBytes, main)
    this.workerRssBytes = Math.max(this.workerRssBytes, ...workers)
    this.totalRssBytes = Math.max(
      this.totalRssBytes,
      rssBytes.reduce((sum, bytes) => sum + bytes, 0),
    )
    this.descriptors = Math.max(this.descriptors, ...descriptors)
  }
}
