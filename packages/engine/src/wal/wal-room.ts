import { closeSync, constants, openSync, writeSync } from 'node:fs'

import { frameOffset } from '@tidemark/protocol'

import type { Durability } from '../replica/replica-options.ts'
import { syncAside } from './wal-file.ts'
import type { WalFile } from './wal-file.ts'

/** Some 250 frames. */
export const ROOM_BYTES: number = 1 << 20
/** A program that opens the database for one push or pull leaves it at fewer, and has no use for room. */
const LEAST_FRAMES = 32
const ZEROS = new Uint8Array(ROOM_BYTES)

/**
 * Sees to it that zeros follow the last frame of the WAL at `path`, for the next commits to go over. To sync
 * a commit that makes the file longer, the file system syncs its own journal too, with what all other
 * programs have in it; one that goes over blocks which are on disk needs only these. A commit that is not
 * synced costs less CPU time where the file has its size and its pages in memory already.
 *
 * SQLite takes zeros for what it takes the remains of an older WAL for: the end. They are appended, so that
 * they never go over a frame: whoever commits at the same time, in whatever process, writes before the end of
 * the file or over the zeros. A WAL that is empty, or nearly so, gets none: everybody sees an empty one to be
 * empty.
 *
 * @returns when they are there, with `full` on disk, which nobody has to wait for
 * @throws the file system's error; the next commits then do as they would have without
 */
export async function makeRoom(
  wal: WalFile,
  path: string,
  maxFrame: number,
  durability: Durability,
): Promise<void> {
  if (maxFrame < LEAST_FRAMES || wal.sizeInBytes >= frameOffset(maxFrame + 1) + ROOM_BYTES) return
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_APPEND)
  try {
    writeSync(descriptor, ZEROS, 0, ROOM_BYTES)
    if (durability === 'full') await syncAside(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
