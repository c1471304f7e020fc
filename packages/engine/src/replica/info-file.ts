import { closeSync, constants, fdatasyncSync, openSync, readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'

import { StateError } from '@tidemark/protocol'

import { syncAside, writeFully } from '../wal/wal-file.ts'
import { replaceFile } from './durable-file.ts'

/*
 * `<db>-info`: a JSON array of three lines of 4096 bytes each, its brackets and commas among them. An element
 * is null, or a state padded with spaces:
 *
 *   {"sequence":7,"crc32":305419896,"info":{…}}
 *
 * The intact state with the highest sequence counts. A new one goes over the oldest, so that a power loss in
 * mid-write leaves the two others. A state that does not fit is alone in its array. A file from before there
 * were slots is the `info` object alone.
 */
const SLOT_BYTES = 4096
const SLOTS = 3
/** What stands before and after an element on its line. */
const BEFORE_BYTES = 1
const AFTER_BYTES = 2
const ELEMENT_BYTES = SLOT_BYTES - BEFORE_BYTES - AFTER_BYTES

interface Entry {
  readonly sequence: number
  readonly slot: number
  readonly text: string
  readonly info: unknown
}

/** What the file holds; undefined where nothing in it is intact. @throws the file system's error */
export function readInfoFile(path: string): unknown {
  const content = readFileSync(path)
  return stateOf(content, slotsOf(content, []))
}

/** Replaces the whole file: after a crash it is the old one or the new one. On disk when this returns. */
export function replaceInfoFile(path: string, info: unknown): void {
  writeAlone(path, textOf(1, info))
}

/**
 * Changes the file in place: a sync of a file whose size and name stay costs a fraction of a new file's,
 * which takes one for the content and one for the folder. Only who holds the sync lock may call it.
 */
export class InfoFile {
  readonly #path: string
  /** The newest entry that is on disk for certain; null where this object does not know of one. */
  #synced: string | null = null
  /** What was in the file when this object last looked: all or most of it still is, and need not be parsed again. */
  #content: Buffer | null = null
  #known: readonly Entry[] = []

  constructor(path: string) {
    this.#path = path
  }

  /**
   * As {@link readInfoFile}, and StateError `TIDEMARK_INFO_LOST` where there is no file. The same object as
   * before where the file is the same.
   */
  read(): unknown {
    const content = this.#readContent()
    return stateOf(content, this.#entries(content))
  }

  /** Durable when this returns. */
  replace(info: unknown): void {
    this.#replace(textOf(1, info))
  }

  /**
   * Makes a new state of the one in the file. Durable when this returns; after a crash before that the file
   * has the old state or the new.
   */
  update(next: (current: unknown) => unknown): void {
    const written = this.#write(next)
    if (written === null) return
    const { descriptor, text } = written
    try {
      fdatasyncSync(descriptor)
      this.#synced = text
    } finally {
      closeSync(descriptor)
    }
  }

  /** The same; durable when the promise resolves, while the event loop goes on. */
  async updateAside(next: (current: unknown) => unknown): Promise<void> {
    const written = this.#write(next)
    if (written === null) return
    const { descriptor, text } = written
    try {
      await syncAside(descriptor)
      this.#synced = text
    } finally {
      closeSync(descriptor)
    }
  }

  #readContent(): Buffer {
    try {
      return readFileSync(this.#path)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
      throw new StateError(
        'TIDEMARK_INFO_LOST',
        `${this.#path} is gone: it was moved or deleted while the database is open. Nothing is synced without it, and nothing that is pending is lost. Put it back; or close the database and open it with existing: 'adopt' (push everything) or 'replace' (start over from the server).`,
        { recovery: 'operator', cause },
      )
    }
  }

  #entries(content: Buffer): readonly Entry[] {
    if (this.#content?.equals(content) === true) return this.#known
    this.#known = slotsOf(content, this.#known)
    this.#content = content
    return this.#known
  }

  #replace(text: string): void {
    writeAlone(this.#path, text)
    this.#synced = text
  }

  /**
   * Puts the new state over the oldest. Returns what is still to be synced, and closed; null: the whole file
   * was replaced, durably.
   */
  #write(next: (current: unknown) => unknown): { readonly descriptor: number; readonly text: string } | null {
    const content = this.#readContent()
    const entries = this.#entries(content)
    const newest = newestOf(entries)
    const sequence = (newest?.sequence ?? 0) + 1
    const info = next(stateOf(content, entries))
    const text = textOf(sequence, info)
    if (newest === undefined || !fits(text)) {
      this.#replace(text)
      return null
    }
    const slot = (newest.slot + 1) % SLOTS
    const others = entries.filter((entry) => entry.slot !== slot)
    // Where writing fails, what is there has to be looked at again.
    this.#content = null
    const descriptor = openSync(this.#path, constants.O_RDWR)
    try {
      // What this write may tear must not be all that is on disk: processes that were killed may have left
      // entries without a sync.
      if (!others.some((other) => other.text === this.#synced)) {
        fdatasyncSync(descriptor)
        this.#synced = newest.text
      }
      content.write(lineOf(text, slot), slot * SLOT_BYTES)
      writeFully(descriptor, content.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES), slot * SLOT_BYTES)
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
    this.#content = content
    this.#known = [...others, { sequence, slot, text, info }]
    return { descriptor, text }
  }
}

function writeAlone(path: string, text: string): void {
  const elements = [text, 'null', 'null']
  replaceFile(path, fits(text) ? elements.map(lineOf).join('') : `[${text}]\n`)
}

function fits(text: string): boolean {
  return Buffer.byteLength(text) <= ELEMENT_BYTES
}

function lineOf(text: string, slot: number): string {
  const padding = ' '.repeat(ELEMENT_BYTES - Buffer.byteLength(text))
  return `${slot === 0 ? '[' : ' '}${text}${padding}${slot === SLOTS - 1 ? ']' : ','}\n`
}

function stateOf(content: Buffer, entries: readonly Entry[]): unknown {
  const newest = newestOf(entries)
  if (newest !== undefined) return newest.info
  const whole = parse(content.toString('utf8'))
  return Array.isArray(whole) ? entryOf(JSON.stringify(whole[0]), 0)?.info : whole
}

/** The intact entries, which may be `known` already; none where the file is of another kind. */
function slotsOf(content: Buffer, known: readonly Entry[]): Entry[] {
  if (content.byteLength !== SLOTS * SLOT_BYTES) return []
  return Array.from({ length: SLOTS }, (_, slot) => {
    const start = slot * SLOT_BYTES + BEFORE_BYTES
    const text = content.toString('utf8', start, start + ELEMENT_BYTES).trimEnd()
    return known.find((entry) => entry.slot === slot && entry.text === text) ?? entryOf(text, slot)
  }).filter((entry) => entry !== null)
}

function newestOf(entries: readonly Entry[]): Entry | undefined {
  return entries.toSorted((a, b) => b.sequence - a.sequence)[0]
}

function entryOf(text: string, slot: number): Entry | null {
  const parsed = parse(text)
  if (typeof parsed !== 'object' || parsed === null) return null
  if (!('sequence' in parsed && 'crc32' in parsed && 'info' in parsed)) return null
  const { sequence, info } = parsed
  if (typeof sequence !== 'number' || parsed.crc32 !== checkOf(sequence, JSON.stringify(info))) return null
  return { sequence, slot, text, info }
}

/** An element of the array. */
function textOf(sequence: number, info: unknown): string {
  const json = JSON.stringify(info)
  return `{"sequence":${sequence},"crc32":${checkOf(sequence, json)},"info":${json}}`
}

function checkOf(sequence: number, json: string): number {
  return crc32(`${sequence} ${json}`)
}

/** Undefined: not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
