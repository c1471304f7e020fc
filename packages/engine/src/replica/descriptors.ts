/**
 * Descriptors on the main file and the wal-index.
 *
 * POSIX drops all of a process's locks on a file when *any* of its descriptors to that file closes (fcntl(2),
 * "Advisory record locking"). SQLite keeps its locks as such, so a descriptor of ours on one of these two
 * files may only be closed when no SQLite connection in this process has the file open, ours or the
 * application's. Until then it is parked, and used again by the next replica that opens the file.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

interface SharedDescriptor {
  readonly descriptor: number
  readonly key: string
  users: number
}

const open = new Map<string, SharedDescriptor>()

const keyOf = (status: { readonly dev: number; readonly ino: number }): string =>
  `${status.dev}:${status.ino}`

/**
 * A descriptor on `path`, shared by everyone in this thread who asks. In a worker it may be SQLite's, which
 * is good while one has a connection open. Give it back with {@link releaseDescriptor}.
 */
export function acquireDescriptor(path: string): number {
  const wanted = keyOf(statSync(path))
  const known = open.get(wanted)
  if (known !== undefined) {
    known.users += 1
    return known.descriptor
  }
  const borrowed = isMainThread ? undefined : descriptorsOn(wanted).find(isOfSqlite)
  if (borrowed !== undefined) return borrowed
  const descriptor = openSync(path, 'r+')
  const key = keyOf(fstatSync(descriptor))
  open.set(key, { descriptor, key, users: 1 })
  return descriptor
}

/** Whether `path` leads to the very file that the descriptor is on. */
export function leadsTo(path: string, descriptor: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && keyOf(found) === keyOf(fstatSync(descriptor))
}

/**
 * Gives a descriptor back; call after closing one's SQLite connections. It is closed when that cannot drop
 * anyone's lock.
 */
export function releaseDescriptor(descriptor: number): void {
  for (const shared of open.values()) if (shared.descriptor === descriptor) shared.users -= 1
  for (const shared of open.values()) {
    if (shared.users > 0 || isOpenElsewhere(shared)) continue
    open.delete(shared.key)
    closeSync(shared.descriptor)
  }
}

/** Whether this process has another descriptor on the file. Where that cannot be known (no /proc), yes. */
function isOpenElsewhere({ key, descriptor }: SharedDescriptor): boolean {
  return process.platform !== 'linux' || descriptorsOn(key).some((other) => other !== descriptor)
}

/** The process's descriptors on a file; none where that cannot be known. */
function descriptorsOn(key: string): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => {
      try {
        return keyOf(fstatSync(descriptor)) === key
      } catch {
        // It was closed meanwhile, such as the one of this directory listing.
        return false
      }
    })
}

/** SQLite opens what it may write to without following links, which nobody else does. */
function isOfSqlite(descriptor: number): boolean {
  const wanted = constants.O_RDWR | constants.O_NOFOLLOW
  return (flagsOf(descriptor) & wanted) === wanted
}

/** As given to open(2); 0 where it was closed meanwhile. */
function flagsOf(descriptor: number): number {
  try {
    const description = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
    return Number.parseInt(/^flags:\s*(\d+)/m.exec(description)?.[1] ?? '0', 8)
  } catch {
    return 0
  }
}
