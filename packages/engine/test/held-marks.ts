import { readFileSync, statSync } from 'node:fs'

/**
 * Bytes of the wal-index that stand for the read marks but the first, by which the main file alone is read
 * (https://www.sqlite.org/walformat.html#wal_locks).
 */
export const READ_MARKS = [124, 125, 126, 127]

/** Those of {@link READ_MARKS} that this process has locked on the database at `path`, as the Linux kernel sees it. */
export function heldMarks(path: string): number[] {
  const { ino } = statSync(`${path}-shm`)
  const locks = readFileSync('/proc/locks', 'utf8').matchAll(
    /POSIX +ADVISORY +READ +(\d+) \w+:\w+:(\d+) (\d+) (\d+)/g,
  )
  const held = new Set<number>()
  for (const [, pid, inode, first, last] of locks) {
    if (Number(pid) !== process.pid || Number(inode) !== ino) continue
    for (const mark of READ_MARKS) if (Number(first) <= mark && mark <= Number(last)) held.add(mark)
  }
  return [...held].toSorted((a, b) => a - b)
}
