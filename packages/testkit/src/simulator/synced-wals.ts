import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'

import type { Random } from './random.ts'

const HEADER_BYTES = 32
const FRAME_BYTES = 24 + 4096
const SALTS_IN_HEADER = 16
const SALTS_IN_FRAME = 8
/** In the wal-index (https://www.sqlite.org/walformat.html#the_wal_index_file_format). */
const SALTS_IN_INDEX = 32
const BACKFILL_ATTEMPTED = 128

/**
 * Which frames of WALs are on disk where `synchronous` is `NORMAL`: those that our own code has synced, and
 * those that a checkpoint was to copy, for which SQLite syncs them. A power loss may take any of the others,
 * and with it all that follow: they are no commits without it.
 */
export class SyncedWals {
  readonly #synced = new Map<string, { readonly salts: string; readonly frames: number }>()

  /** The file is being synced. */
  note(path: string): void {
    this.#synced.set(path, stateOf(path))
  }

  /** Loses a part of what is volatile of `path` in its copy, of which the wal-index is `index`. Tells what. */
  lose(path: string, copy: string, index: string, random: Random): string[] {
    if (!existsSync(copy) || !existsSync(index)) return []
    const { salts, frames } = stateOf(copy)
    const noted = this.#synced.get(path)
    const shared = readFileSync(index)
    // A WAL that begins anew with the next commit has been copied.
    if (shared.toString('hex', SALTS_IN_INDEX, SALTS_IN_INDEX + 8) !== salts) return []
    const attempted = shared.readUInt32LE(BACKFILL_ATTEMPTED)
    const synced = Math.max(attempted, noted?.salts === salts ? noted.frames : 0)
    if (frames <= synced) return []
    const first = random.chance(50) ? synced + 1 : random.between(synced + 1, frames)
    const offset = HEADER_BYTES + (first - 1) * FRAME_BYTES
    if (random.chance(50)) truncateSync(copy, offset)
    else overwrite(copy, offset)
    return [`frames from ${first} of ${frames}`]
  }
}

/** Frames under the salts of the header; what follows is left of an older WAL. */
function stateOf(path: string): { readonly salts: string; readonly frames: number } {
  const descriptor = openSync(path, 'r')
  try {
    const saltsAt = (position: number): string => {
      const bytes = Buffer.alloc(8)
      readSync(descriptor, bytes, 0, 8, position)
      return bytes.toString('hex')
    }
    const salts = saltsAt(SALTS_IN_HEADER)
    let low = 0
    let high = Math.max(0, Math.floor((statSync(path).size - HEADER_BYTES) / FRAME_BYTES))
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (saltsAt(HEADER_BYTES + (middle - 1) * FRAME_BYTES + SALTS_IN_FRAME) === salts) low = middle
      else high = middle - 1
    }
    return { salts, frames: low }
  } finally {
    closeSync(descriptor)
  }
}

/** One frame did not arrive, those behind it did. */
function overwrite(path: string, offset: number): void {
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, Buffer.alloc(FRAME_BYTES), 0, FRAME_BYTES, offset)
  closeSync(descriptor)
}
