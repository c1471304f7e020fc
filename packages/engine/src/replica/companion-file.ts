import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  lstatSync,
  openSync,
  statSync,
} from 'node:fs'
import type { Stats } from 'node:fs'

const COMPANION = /-(?:info(?:\.tmp)?|changes|wal-revert|replay|replay-next|bootstrap|base(?:-next)?|lock)$/
/** What SQLite gives a new database, less what the process's umask takes away. */
const DEFAULT_MODE = 0o644
const PERMISSIONS = 0o777

/**
 * Makes a file beside a database, by its name, or empties it; for reading and writing. It belongs to whom the
 * database belongs to, with the permissions of that, as SQLite does for its WAL: it may hold the same data,
 * and whoever may write to the database has to write to it. A link in its place is not followed.
 */
export function openCompanion(path: string): number {
  const database = databaseOf(path)
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const descriptor = openSync(path, flags, database === null ? DEFAULT_MODE : database.mode & PERMISSIONS)
  if (database === null) return descriptor
  try {
    share(database, fstatSync(descriptor), {
      own: (uid, gid) => fchownSync(descriptor, uid, gid),
      permit: (mode) => fchmodSync(descriptor, mode),
    })
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  return descriptor
}

/** The same for one that SQLite has made. */
export function shareAsDatabase(path: string): void {
  const database = databaseOf(path)
  const status = lstatSync(path)
  if (database === null || !status.isFile()) return
  share(database, status, {
    own: (uid, gid) => lchownSync(path, uid, gid),
    permit: (mode) => chmodSync(path, mode),
  })
}

/** The database that a file lies beside, by the file's name; null where there is none yet. */
function databaseOf(path: string): Stats | null {
  return statSync(path.replace(COMPANION, ''), { throwIfNoEntry: false }) ?? null
}

/**
 * Only what is this user's own, and root gives away what it has made. Where that is refused, as on disks
 * without permissions, the file stays as it is.
 */
function share(
  database: Stats,
  file: Stats,
  change: {
    readonly own: (uid: number, gid: number) => void
    readonly permit: (mode: number) => void
  },
): void {
  if (file.uid !== process.geteuid?.()) return
  const mode = database.mode & PERMISSIONS
  try {
    // Before its owner is another one: only root could do it then.
    if ((file.mode & PERMISSIONS) !== mode) change.permit(mode)
    const uid = file.uid === 0 ? database.uid : file.uid
    if (uid !== file.uid || database.gid !== file.gid) change.own(uid, database.gid)
  } catch (error) {
    if (!REFUSALS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EINVAL', 'ENOSYS', 'EROFS'])
