/**
 * Descriptors on the main file and the wal-index.
 *
 * POSIX drops all of a process's locks on a file when *any* of its descriptors to that file closes
 * (fcntl(2), "Advisory record locking"). SQLite keeps its locks as such, so a descriptor of ours on one of these two files may
 * only be closed when no SQLite connection in this process has the file open, ours or the application's. Until then
 * it is parked, and used again by the next replica that opens the file.
 */
import { closeSync, fstatSync, openSync, readdirSync, statSync } from 'node:fs'

interface SharedDescriptor {
  readonly descriptor: number
  readonly key: string
  users: number
}

const open = new Map<string, SharedDescriptor>()

const keyOf = (status: { readonly dev: number; readonly ino: number }): string =>
  `${status.dev}:${status.ino}`

/** A descriptor on `path`, shared by everyone in this process who asks. Give it back with {@link releaseDescriptor}. */
export function acquireDescriptor(path: string): number {
  const known = open.get(keyOf(statSync(path)))
  if (known !== undefined) {
    known.users += 1
    return known.descriptor
  }
  const descriptor = openSync(path, 'r+')
  const key = keyOf(fstatSync(descriptor))
  open.set(key, { descriptor, key, users: 1 })
  return descriptor
}

/** Gives a descriptor back; call after closing one's SQLite connections. It is closed when that cannot drop anyone's lock. */
export function releaseDescriptor(descriptor: number): void {
  for (const shared of open.values()) if (shared.descriptor === descriptor) shared.users -= 1
  for (const shared of open.values()) {
    if (shared.users > 0 || isOpenElsewhere(shared)) continue
    open.delete(shared.key)
    closeSync(shared.descriptor)
  }
}

/** Whether this process has another descriptor on the file. Where that cannot be known (no /proc), yes. */
function isOpenElsewhere(shared: SharedDescriptor): boolean {
  if (process.platform !== 'linux') return true
  for (const name of readdirSync('/proc/self/fd')) {
    if (Number(name) === shared.descriptor) continue
    try {
      if (keyOf(statSync(`/proc/self/fd/${name}`)) === shared.key) return true
    } catch {
      // The descriptor was closed meanwhile, such as the one of this directory listing.
    }
  }
  return false
}
