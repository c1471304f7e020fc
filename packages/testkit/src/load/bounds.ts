import type { HeavyTenantReport } from './heavy-tenant.ts'
import type { UsagePeaks } from './usage-peaks.ts'

/**
 * Resident memory of the server's main process, and of each worker: whatever the number of clients and databases (I7).
 */
const MAX_PROCESS_BYTES = 256 * 2 ** 20
/** What systems commonly allow a process. */
const MAX_DESCRIPTORS = 1024
/** How late the main process may be at the 99th percentile while a tenant's query runs. */
const MAX_DELAY_P99_MS = 50

/** @returns a sentence for each bound that the server exceeded */
export function usageExcesses({ mainRssBytes, workerRssBytes, descriptors }: UsagePeaks): string[] {
  return [
    ...excess('memory of the main process', mainRssBytes / 2 ** 20, MAX_PROCESS_BYTES / 2 ** 20, ' MiB'),
    ...excess('memory of a worker', workerRssBytes / 2 ** 20, MAX_PROCESS_BYTES / 2 ** 20, ' MiB'),
    ...excess('open files of a process', descriptors, MAX_DESCRIPTORS, ''),
  ]
}

/** @returns a sentence if the event loop was held up by the heavy queries */
export function delayExcesses({ delayP99Ms }: HeavyTenantReport): string[] {
  return excess('p99 of the event loop’s delay', delayP99Ms, MAX_DELAY_P99_MS, ' ms')
}

function excess(what: string, value: number, bound: number, unit: string): string[] {
  // Peaks of 0 mean that nothing was measured.
  if (value > 0 && value < bound) return []
  return [`${what} is ${value.toFixed(1)}${unit}, the bound is ${bound}${unit}`]
}
