import { closeSync, constants, fdatasyncSync, openSync, readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'

import { writeFully } from '../wal/wal-file.ts'
import { replaceFile } from './durable-file.ts'

/*
 * `<db>-info`: three slots of 4096 bytes, each empty or one line of JSON, padded with spaces:
 *
 *   {"sequence":7,"crc32":305419896,"info":{…}}
 *
 * The intact entry with the highest sequence counts. A new one goes over the oldest, so that a power loss in mid-write leaves the two others. An entry that
 * does not fit is alone in the file. A file from before there were slots is the `info` object alone.
 */
const SLOT_BYTES = 4096
const SLOTS = 3
const EMPTY_SLOT = `${' '.repeat(SLOT_BYTES - 1)}\n`

interface Entry {
  readonly sequence: number
  readonly slot: number
  readonly text: string
  readonly info: unknown
}

/** When a change is on disk: when the call returns, or when the system gets to it. */
export type Persistence = 'synced' | 'eventually'

/** What the file holds; undefined where nothing in it is intact. @throws the file system's error */
export function readInfoFile(path: string): unknown {
  return stateOf(readFileSync(path))
}

/** Replaces the whole file: after a crash it is the old one or the new one. On disk when this returns. */
export function replaceInfoFile(path: string, info: unknown): void {
  writeAlone(path, textOf(1, info))
}

/**
 * Changes the file in place: a sync of a file whose size and name stay costs a fraction of a new file's, which takes one for the content and one
 * for the folder. Only who holds the sync lock may call it.
 */
export class InfoFile {
  readonly #path: string
  /** The newest entry that is on disk for certain; null where this object does not know of one. */
  #synced: string | null = null

  constructor(path: string) {
    this.#path = path
  }

  /** Durable when this returns. */
  replace(info: unknown): void {
    this.#replace(textOf(1, info))
  }

  /**
   * Makes a new state of the one in the file. After a crash of the process it is there; after a power loss for certain only if it was `synced`, and what
   * is there is never older than the last one that was.
   */
  update(next: (current: unknown) => unknown, persistence: Persistence): void {
    const content = readFileSync(this.#path)
    const entries = slotsOf(content)
    const newest = newestOf(entries)
    const text = textOf((newest?.sequence ?? 0) + 1, next(stateOf(content)))
    if (newest === undefined || Buffer.byteLength(text) > SLOT_BYTES) this.#replace(text)
    else this.#write(text, entries, newest, persistence)
  }

  #replace(text: string): void {
    writeAlone(this.#path, text)
    this.#synced = text
  }

  #write(text: string, entries: readonly Entry[], newest: Entry, persistence: Persistence): void {
    const oldest = (newest.slot + 1) % SLOTS
    const descriptor = openSync(this.#path, constants.O_RDWR)
    try {
      // What this write may tear must not be all that is on disk.
      if (!entries.some((entry) => entry.slot !== oldest && entry.text === this.#synced)) {
        fdatasyncSync(descriptor)
        this.#synced = newest.text
      }
      writeFully(descriptor, Buffer.from(text), oldest * SLOT_BYTES)
      if (persistence === 'eventually') return
      fdatasyncSync(descriptor)
      this.#synced = text
    } finally {
      closeSync(descriptor)
    }
  }
}

function writeAlone(path: string, text: string): void {
  replaceFile(path, Buffer.byteLength(text) > SLOT_BYTES ? text : text + EMPTY_SLOT.repeat(SLOTS - 1))
}

function stateOf(content: Buffer): unknown {
  const text = content.toString('utf8')
  return (newestOf(slotsOf(content)) ?? entryOf(text, 0))?.info ?? parse(text)
}

/** The intact entries; none where the file is of another kind. */
function slotsOf(content: Buffer): Entry[] {
  if (content.byteLength !== SLOTS * SLOT_BYTES) return []
  return Array.from({ length: SLOTS }, (_, slot) =>
    entryOf(content.toString('utf8', slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES), slot),
  ).filter((entry) => entry !== null)
}

function newestOf(entries: readonly Entry[]): Entry | undefined {
  return entries.toSorted((a, b) => b.sequence - a.sequence)[0]
}

function entryOf(text: string, slot: number): Entry | null {
  const parsed = parse(text)
  if (typeof parsed !== 'object' || parsed === null) return null
  if (!('sequence' in parsed && 'crc32' in parsed && 'info' in parsed)) return null
  const { sequence, info } = parsed
  if (typeof sequence !== 'number' || parsed.crc32 !== checkOf(sequence, info)) return null
  return { sequence, slot, text, info }
}

/** A slot's content; longer where it does not fit. */
function textOf(sequence: number, info: unknown): string {
  const line = JSON.stringify({ sequence, crc32: checkOf(sequence, info), info })
  return `${line}${' '.repeat(Math.max(0, SLOT_BYTES - 1 - Buffer.byteLength(line)))}\n`
}

function checkOf(sequence: number, info: unknown): number {
  return crc32(`${sequence} ${JSON.stringify(info)}`)
}

/** Undefined: not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
