import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StateError } from '@tidemark/protocol'

/**
 * Makes a folder with those above it that are missing: a power loss does not take them where the folder above
 * may be listed. Not by `mkdirSync`'s `recursive`, which goes on for ever where a file system has the folder
 * above and takes none in it, as `/proc`.
 *
 * @throws StateError `TIDEMARK_NOT_A_FOLDER` where something else is in the way; the system's error
 */
export function makeDirectory(path: string): void {
  const directory = resolve(path)
  const missing: string[] = []
  for (let above = directory; !isDirectory(above); above = dirname(above)) missing.push(above)
  for (const made of missing.toReversed()) {
    makeOne(made)
    syncIfReadable(dirname(made))
  }
  // One that died right here may have left it without a sync.
  if (missing.length === 0) syncIfReadable(dirname(directory))
}

export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** A folder that may not be listed cannot be synced: it is of somebody else, who answers for what is in it. */
function syncIfReadable(path: string): void {
  try {
    syncDirectory(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isDirectory(path)) throw error
  }
}

function isDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isDirectory()) return found !== undefined
  throw new StateError('TIDEMARK_NOT_A_FOLDER', `${path} is not a folder`, { recovery: 'operator' })
}
