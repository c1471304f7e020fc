import { cpus, totalmem } from 'node:os'

/** What the benchmark ran on. */
export function machine(): string {
  const [first, ...rest] = cpus()
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`
  return `${rest.length + 1} × ${first?.model ?? 'unknown CPU'}, ${memory}, ${process.platform} ${process.arch}, Node ${process.version}`
}
