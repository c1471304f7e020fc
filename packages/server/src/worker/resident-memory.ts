import { openSync, readSync } from 'node:fs'

const PATH = '/proc/self/status'
const MAX_BYTES = 8192

/**
 * A function that says how many bytes of memory this process holds. On Linux Node opens a file of `/proc` each
 * time that it is asked, which fails where the process may open no more: here it is open from the beginning.
 */
export function residentMemory(): () => number {
  if (process.platform !== 'linux') return () => process.memoryUsage.rss()
  const descriptor = openSync(PATH, 'r')
  const text = Buffer.alloc(MAX_BYTES)
  return () => {
    const length = readSync(descriptor, text, 0, MAX_BYTES, 0)
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(text.toString('latin1', 0, length))?.[1]
    if (kilobytes === undefined) throw new Error(`${PATH} does not say VmRSS`)
    return Number(kilobytes) * 1024
  }
}
