import { History } from '../src/history/history.ts'
import type { WalPosition } from '../src/history/history-format.ts'

export const PAGE = 4096
export const DATABASE_ID = '00112233445566778899aabbccddeeff'
export const WAL: WalPosition = { salts: [1, 2], frame: 0, checksum: [0, 0] }

/** A page image that is recognised by its seed. */
export function imageOf(seed: number): Buffer {
  const image = Buffer.alloc(PAGE)
  for (let offset = 0; offset < PAGE; offset += 4)
    image.writeUInt32LE((seed * 2_654_435_761 + offset) >>> 0, offset)
  return image
}

export interface ModelCommit {
  readonly size: number
  /** Seeds by page number. */
  readonly changes: ReadonlyMap<number, number>
}

/**
 * A database as the history sees it: a main file that only checkpoints write, commits that are nowhere else
 * until then, and a model that remembers every revision whole.
 */
export class ModelDatabase {
  /** Seeds of all pages, by sequence. */
  readonly revisions: Map<number, ReadonlyMap<number, number>> = new Map()
  readonly names: Map<number, string> = new Map()
  readonly #directory: string
  readonly #segmentBytes: number
  #main = new Map<number, number>()
  readonly #uncheckpointed = new Set<number>()
  checkpointed = 0
  nowMs = 1_000_000
  history: History

  constructor(directory: string, initialSize: number, segmentBytes: number) {
    this.#directory = directory
    this.#segmentBytes = segmentBytes
    for (let page = 1; page <= initialSize; page++) this.#main.set(page, page)
    this.revisions.set(0, new Map(this.#main))
    this.history = this.open()
    this.names.set(0, this.history.formatRevision(0))
  }

  get head(): number {
    return Math.max(...this.revisions.keys())
  }

  open(): History {
    const mainFile = {
      readPages: (first: number, target: Uint8Array) => {
        for (let index = 0; index * PAGE < target.byteLength; index++) {
          const seed = this.#main.get(first + index)
          target.set(seed === undefined ? Buffer.alloc(PAGE) : imageOf(seed), index * PAGE)
        }
      },
    }
    const options = { directory: this.#directory, databaseId: DATABASE_ID, segmentBytes: this.#segmentBytes }
    this.history = History.open(
      { ...options, mainFile, now: () => this.nowMs },
      { sizeInPages: this.#main.size, wal: WAL },
    )
    return this.history
  }

  reopen(): void {
    this.history.close()
    this.open()
  }

  commit(commit: ModelCommit): void {
    this.history.beginEpoch()
    this.append(commit)
    const pages = new Map(this.revisions.get(this.head))
    for (const [page, seed] of commit.changes) pages.set(page, seed)
    this.revisions.set(this.history.head, pages)
    this.names.set(this.history.head, this.history.formatRevision(this.history.head))
  }

  /** To the history alone: as recovery does after a crash. */
  append({ size, changes }: ModelCommit): void {
    const pages = Uint32Array.from(changes.keys()).toSorted()
    const images = Array.from(pages, (page) => imageOf(changes.get(page)!))
    this.history.append({ sizeInPages: size, pages, images, wal: { ...WAL, frame: this.history.head + 1 } })
    for (const page of pages) this.#uncheckpointed.add(page)
  }

  checkpoint(): void {
    this.history.beginCheckpoint(this.#uncheckpointed)
    const newest = this.revisions.get(this.head)!
    this.#main = new Map(newest)
    this.#uncheckpointed.clear()
    this.checkpointed = this.head
  }

  compact(bytes: number): void {
    this.history.compact({ bytes, ageMs: Infinity }, this.checkpointed)
  }

  forget(sequence: number): void {
    for (const known of this.revisions.keys()) if (known > sequence) this.revisions.delete(known)
  }

  /** The first difference between the history and the model; null where there is none. */
  difference(): string | null {
    if (this.history.head !== this.head) return `head is ${this.history.head}, not ${this.head}`
    for (let sequence = this.history.floor; sequence <= this.head; sequence++) {
      const expected = this.revisions.get(sequence)!
      if (this.history.sizeAt(sequence) !== expected.size) return `size at ${sequence}`
      if (this.history.resolveRevision(this.names.get(sequence)!) !== sequence) return `name of ${sequence}`
      const different = this.#differentPage(sequence, expected)
      if (different !== null) return `page ${different} at ${sequence} (floor ${this.history.floor})`
    }
    return null
  }

  #differentPage(sequence: number, expected: ReadonlyMap<number, number>): number | null {
    const pages = [...expected.keys()].toSorted((a, b) => a - b)
    const images = Buffer.alloc(pages.length * PAGE)
    this.history.readPages(pages, sequence, images)
    const isWrong = (page: number, index: number): boolean =>
      !images.subarray(index * PAGE, (index + 1) * PAGE).equals(imageOf(expected.get(page)!))
    return pages.find(isWrong) ?? null
  }
}
