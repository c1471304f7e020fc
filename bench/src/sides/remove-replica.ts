import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Removes a database file that is closed, and whatever its library keeps beside it. */
export function removeReplica(path: string): void {
  for (const file of readdirSync(dirname(path))) {
    if (file.startsWith(basename(path))) rmSync(join(dirname(path), file), { recursive: true })
  }
}
