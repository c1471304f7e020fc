import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

import { unwatched } from './file-calls.ts'
import type { MutatingCall } from './file-calls.ts'
import type { Random } from './random.ts'
import { SyncedWals } from './synced-wals.ts'

/** How to take back what is not on disk yet. `before` null: there was nothing. */
type Undo =
  | {
      readonly kind: 'write'
      path: string
      readonly position: number
      readonly before: Uint8Array
      readonly written: Uint8Array
      readonly sizeBefore: number
    }
  | { readonly kind: 'content'; path: string; readonly before: Uint8Array | null }
  | {
      readonly kind: 'rename'
      readonly from: string
      readonly path: string
      readonly before: Uint8Array | null
      /** What was volatile of the file that had the name: it is gone with that file, and comes back with it. */
      readonly replaced: readonly Undo[]
    }
  /** The name is the new file's, or still that of a file that was removed before. */
  | { readonly kind: 'create'; readonly path: string; readonly before: Uint8Array | null }
  | { readonly kind: 'remove'; readonly path: string; readonly before: Uint8Array }

/**
 * What our own code has changed in files and not synced: a power loss may take any of it, in any combination.
 * What SQLite writes is not seen; with `synchronous = FULL` it syncs what it commits.
 */
export class VolatileChanges {
  readonly #wals = new SyncedWals()
  #changes: Undo[] = []

  /** To be told of each call before it is made. */
  readonly observe = (call: MutatingCall, args: readonly unknown[]): void => {
    unwatched(() => this.#observe(call, args))
  }

  /** Takes a part of what is volatile below `folder` back in its copy `copy`, latest first; a write may be torn. */
  lose(folder: string, copy: string, random: Random): string[] {
    const lost: string[] = []
    const inCopy = (path: string): string => copy + path.slice(folder.length)
    // All of it, or some of it.
    const percent = random.pick([30, 60, 100])
    for (const change of this.#changes.toReversed()) {
      if (!change.path.startsWith(`${folder}/`) || !random.chance(percent)) continue
      lost.push(`${change.kind} ${change.path.slice(folder.length + 1)}`)
      if (change.kind === 'write') loseWrite(inCopy(change.path), change, random.chance(30))
      else if (change.kind === 'rename') {
        loseRename(inCopy(change.from), inCopy(change.path), change.before)
        for (const write of change.replaced.toReversed())
          if (write.kind === 'write' && random.chance(percent))
            loseWrite(inCopy(write.path), write, random.chance(30))
      } else restore(inCopy(change.path), change.before)
    }
    return lost
  }

  /** The same for a replica of which SQLite does not sync every commit: of its WAL a part may go, whoever wrote it. */
  loseCommits(folder: string, copy: string, random: Random): string[] {
    const wal = `${folder}/c.db-wal`
    this.#changes = this.#changes.filter((change) => change.path !== wal)
    return this.#wals.lose(wal, `${copy}/c.db-wal`, `${copy}/c.db-shm`, random)
  }

  #observe(call: MutatingCall, args: readonly unknown[]): void {
    const path = typeof args[0] === 'number' ? readlinkSync(`/proc/self/fd/${args[0]}`) : String(args[0])
    switch (call) {
      case 'openSync':
        if (!existsSync(path)) this.#created(path)
        else if (truncates(args[1])) this.#changes.push({ kind: 'content', path, before: contentOf(path) })
        break
      case 'mkdirSync':
        if (!existsSync(path)) this.#created(path)
        break
      case 'writeSync':
        this.#changes.push(writeAt(path, args))
        break
      case 'writeFileSync':
      case 'ftruncateSync':
      case 'truncateSync':
        this.#changes.push({ kind: 'content', path, before: contentOf(path) })
        break
      case 'fsyncSync':
      case 'fdatasyncSync':
        this.#synced(path)
        break
      case 'renameSync': {
        const to = String(args[1])
        const replaced = this.#changes.filter((change) => change.kind === 'write' && change.path === to)
        this.#changes = this.#changes.filter((change) => !replaced.includes(change))
        this.#changes.push({ kind: 'rename', from: path, path: to, before: contentOf(to), replaced })
        for (const change of this.#changes)
          if (change.path === path && (change.kind === 'write' || change.kind === 'content')) change.path = to
        break
      }
      case 'rmSync': {
        const before = contentOf(path)
        if (before !== null) this.#changes.push({ kind: 'remove', path, before })
        break
      }
    }
  }

  #created(path: string): void {
    const removed = this.#changes.find((change) => change.kind === 'remove' && change.path === path)
    this.#changes = this.#changes.filter((change) => change !== removed)
    const before = removed?.kind === 'remove' ? removed.before : null
    this.#changes.push({ kind: 'create', path, before })
  }

  #synced(path: string): void {
    if (path.endsWith('-wal')) this.#wals.note(path)
    const isFolder = existsSync(path) && statSync(path).isDirectory()
    this.#changes = this.#changes.filter((change) => {
      const isName = change.kind === 'rename' || change.kind === 'create' || change.kind === 'remove'
      return isFolder ? !(isName && dirname(change.path) === path) : isName || change.path !== path
    })
  }
}

function writeAt(path: string, [descriptor, content, offset, length, position]: readonly unknown[]): Undo {
  // A copy: what is written from may be used again.
  const written =
    typeof content === 'string' ? Buffer.from(content) : copyOf(content as Uint8Array, offset, length)
  const sizeBefore = fstatSync(Number(descriptor)).size
  // Without a position it goes behind what was written before.
  const at = typeof position === 'number' ? position : sizeBefore
  const before = Buffer.alloc(written.byteLength)
  const read = readAt(Number(descriptor), path, before, at)
  return { kind: 'write', path, position: at, before: before.subarray(0, read), written, sizeBefore }
}

function copyOf(bytes: Uint8Array, offset: unknown, length: unknown): Uint8Array {
  const start = Number(offset ?? 0)
  return Uint8Array.prototype.slice.call(bytes, start, start + Number(length ?? bytes.byteLength - start))
}

function readAt(descriptor: number, path: string, target: Uint8Array, position: number): number {
  try {
    // Through the same descriptor: closing another one on the database would drop SQLite's locks.
    return readSync(descriptor, target, 0, target.length, position)
  } catch {
    // It is for writing only, so it is none of SQLite's files.
    const readable = openSync(path, 'r')
    try {
      return readSync(readable, target, 0, target.length, position)
    } finally {
      closeSync(readable)
    }
  }
}

function truncates(flags: unknown): boolean {
  return typeof flags === 'number' ? (flags & constants.O_TRUNC) !== 0 : String(flags).startsWith('w')
}

function contentOf(path: string): Uint8Array | null {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path) : null
}

/** What was written over it since stays: SQLite has synced that. */
function loseWrite(path: string, change: Extract<Undo, { kind: 'write' }>, isTorn: boolean): void {
  if (!existsSync(path)) return
  const { position, written, before, sizeBefore } = change
  // Of a torn write the first half arrived.
  const kept = isTorn ? Math.floor(written.byteLength / 2) : 0
  const end = position + written.byteLength
  const isLast = statSync(path).size === end && sizeBefore < end
  const descriptor = openSync(path, 'r+')
  const now = Buffer.alloc(written.byteLength)
  readSync(descriptor, now, 0, now.byteLength, position)
  let keptThrough = kept
  for (let index = kept; index < now.byteLength; index++) {
    if (now[index] === written[index]) now[index] = before[index] ?? 0
    else keptThrough = index + 1
  }
  writeSync(descriptor, now, kept, now.byteLength - kept, position + kept)
  closeSync(descriptor)
  if (isLast) truncateSync(path, Math.max(sizeBefore, position + keptThrough))
}

function loseRename(from: string, to: string, before: Uint8Array | null): void {
  if (existsSync(to)) renameSync(to, from)
  restore(to, before)
}

function restore(path: string, before: Uint8Array | null): void {
  if (before !== null) writeFileSync(path, before)
  else rmSync(path, { recursive: true, force: true })
}
