import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessUsage {
  /** Resident memory of the process and its children, each in bytes. */
  readonly rssBytes: readonly number[]
  /** Open file descriptors of the same. */
  readonly descriptors: readonly number[]
}

/** What a process and its children take, the process first; Linux only. */
export function processUsage(pid: number): ProcessUsage {
  const pids = [pid, ...childrenOf(pid)]
  return { rssBytes: pids.map(rssOf), descriptors: pids.map(descriptorsOf) }
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
}

function rssOf(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? '0'
  return Number(kib) * 1024
}

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/** Empty where the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
