import type { Connection } from '../database/connection.ts'

/**
 * KiB of page cache of a connection, and of one more when so many of this process have that much: what they
 * have read stays with them while they wait for their clients.
 */
const LARGE_KIB = 2048
const MAX_LARGE = 64
const SMALL_KIB = 256

const large = new Set<Connection>()

/** Gives a connection its page cache. */
export function takeCache(connection: Connection): void {
  const isLarge = large.size < MAX_LARGE
  if (isLarge) large.add(connection)
  connection.pragma(`cache_size = -${isLarge ? LARGE_KIB : SMALL_KIB}`)
}

/** The connection is about to be closed. */
export function giveCacheBack(connection: Connection): void {
  large.delete(connection)
}
