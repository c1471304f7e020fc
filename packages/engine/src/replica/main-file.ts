import { fstatSync, futimesSync, statSync } from 'node:fs'

import type { BaseState } from './info.ts'

type MainFile = BaseState['mainFile']

/**
 * Size and time of the main file, by which it is seen later whether anybody has written to it since. Kernels
 * before Linux 6.13 give everything that is written within some milliseconds the same time, of nanoseconds.
 * So a file that has changed since `known` gets a time in whole milliseconds, which no write gives it.
 */
export function stampMainFile(descriptor: number, known: MainFile | null): MainFile {
  const found = mainFileOf(fstatSync(descriptor, { bigint: true }))
  if (known !== null && found.mtimeNs === known.mtimeNs) return found
  const now = Date.now() / 1000
  try {
    futimesSync(descriptor, now, now)
  } catch {
    // Only its owner may. The time that the kernel has given has to do.
    return found
  }
  return mainFileOf(fstatSync(descriptor, { bigint: true }))
}

/** Whether nobody has written to the main file since `recorded`. */
export function isUnchanged(path: string, recorded: MainFile): boolean {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (status === undefined) return false
  const { size, mtimeNs } = mainFileOf(status)
  return size === recorded.size && mtimeNs === recorded.mtimeNs
}

function mainFileOf({ size, mtimeNs }: { readonly size: bigint; readonly mtimeNs: bigint }): MainFile {
  return { size: Number(size), mtimeNs: String(mtimeNs) }
}
