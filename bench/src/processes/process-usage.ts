/** What processes used, as the Linux kernel counts it (proc(5)). */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Of /proc/[pid]/stat; USER_HZ is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10

/** A process and all below it. */
export function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  })
  return [pid, ...children.flatMap(processTree)]
}

/** CPU time of the processes so far, ms. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
  }, 0)
}

/** The peaks of resident memory since {@link resetPeaks}, added up, MB. */
export function peakMb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return sum + Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? '0') / 1024
  }, 0)
}

export function resetPeaks(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
