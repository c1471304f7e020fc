import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { openCompanion } from './companion-file.ts'

/** Makes renames, creations and removals in the directory of `path` survive a power loss. */
export function syncDirectoryOf(path: string): void {
  const descriptor = openSync(dirname(path), 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Replaces the file, which lies beside a database: after a crash it holds the old content or the new, whole.
 * On disk when this returns.
 */
export function replaceFile(path: string, content: string): void {
  const temporary = `${path}.tmp`
  const descriptor = openCompanion(temporary)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, path)
  syncDirectoryOf(path)
}

/** Removes the file if it is there, for good when this returns. */
export function removeDurably(path: string): void {
  if (!existsSync(path)) return
  rmSync(path)
  syncDirectoryOf(path)
}

/** Removes the file if it is there. A power loss may bring it back: use only where a stale file is recognised. */
export function removeFile(path: string): void {
  if (existsSync(path)) rmSync(path)
}
