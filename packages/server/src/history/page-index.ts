import { cut, grown } from './growing-column.ts'

/** Where an image is in the log, and the CRC-32 it must have. */
export interface ImageLocation {
  readonly position: number
  readonly crc: number
}

/** The pages that a record holds: numbers and CRC-32s, and where the first image is; the others follow it. */
export interface PageTable {
  readonly numbers: Uint32Array
  readonly crcs: Uint32Array
  readonly firstImage: number
}

const PAGE_SIZE = 4096

/**
 * Which commits changed which page, and where the images are. In columns, not objects: 24 bytes per page of a
 * commit and 16 per page of the database, so that a gigabyte of history costs a few megabytes of memory.
 */
export class PageIndex {
  #floor: number
  #floorSize: number
  #commits = 0
  /** Per commit: its first entry; its size in pages. */
  #firstEntry = new Float64Array(0)
  #sizes = new Uint32Array(0)
  #entries = 0
  /** Per entry: page; CRC; position of the image; the page's entry before, plus one. */
  #pages = new Uint32Array(0)
  #crcs = new Uint32Array(0)
  #positions = new Float64Array(0)
  #previous = new Uint32Array(0)
  /** Per page: its newest entry, plus one; position of its base image, 0 for none; that image's CRC. */
  #newest = new Uint32Array(0)
  #basePositions = new Float64Array(0)
  #baseCrcs = new Uint32Array(0)

  constructor(floor: number, floorSize: number) {
    this.#floor = floor
    this.#floorSize = floorSize
  }

  get floor(): number {
    return this.#floor
  }

  get head(): number {
    return this.#floor + this.#commits
  }

  sizeAt(sequence: number): number {
    return sequence === this.#floor ? this.#floorSize : this.#sizes[sequence - this.#floor - 1]!
  }

  /** Adds the commit after the head. */
  addCommit(sizeInPages: number, table: PageTable): void {
    const count = table.numbers.length
    this.#firstEntry = grown(this.#firstEntry, this.#commits + 1)
    this.#sizes = grown(this.#sizes, this.#commits + 1)
    this.#firstEntry[this.#commits] = this.#entries
    this.#sizes[this.#commits] = sizeInPages
    this.#commits += 1
    const total = this.#entries + count
    this.#pages = grown(this.#pages, total)
    this.#crcs = grown(this.#crcs, total)
    this.#positions = grown(this.#positions, total)
    this.#previous = grown(this.#previous, total)
    for (let i = 0; i < count; i++)
      this.#addEntry(table.numbers[i]!, table.crcs[i]!, table.firstImage + i * PAGE_SIZE)
  }

  addBaseImages(table: PageTable): void {
    for (let i = 0; i < table.numbers.length; i++) {
      const page = table.numbers[i]!
      this.#basePositions = grown(this.#basePositions, page + 1)
      this.#baseCrcs = grown(this.#baseCrcs, page + 1)
      this.#basePositions[page] = table.firstImage + i * PAGE_SIZE
      this.#baseCrcs[page] = table.crcs[i]!
    }
  }

  /** The page's image at a revision; null: it is in the main file. */
  locate(page: number, sequence: number): ImageLocation | null {
    const end = this.#entriesUntil(sequence)
    let entry = page < this.#newest.length ? this.#newest[page]! : 0
    while (entry > end) entry = this.#previous[entry - 1]!
    if (entry > 0) return { position: this.#positions[entry - 1]!, crc: this.#crcs[entry - 1]! }
    return this.baseOf(page)
  }

  baseOf(page: number): ImageLocation | null {
    const position = page < this.#basePositions.length ? this.#basePositions[page]! : 0
    return position === 0 ? null : { position, crc: this.#baseCrcs[page]! }
  }

  /** True where a commit after the floor changed the page. */
  isChanged(page: number): boolean {
    return page < this.#newest.length && this.#newest[page]! > 0
  }

  /** The pages changed after `from` up to `to` that exist at `to`, in ascending order. */
  changedBetween(from: number, to: number): Uint32Array {
    const size = this.sizeAt(to)
    const start = this.#entriesUntil(from)
    const found = this.#pages.subarray(start, this.#entriesUntil(to)).toSorted()
    let count = 0
    for (let i = 0; i < found.length; i++) {
      const page = found[i]!
      if (page <= size && (i === 0 || page !== found[i - 1])) found[count++] = page
    }
    return found.slice(0, count)
  }

  /** Number of images that the commits after `from` up to `to` hold. */
  imagesBetween(from: number, to: number): number {
    return this.#entriesUntil(to) - this.#entriesUntil(from)
  }

  /** Every page with a commit after `sequence`. */
  changedAfter(sequence: number): Uint32Array {
    return new Uint32Array(
      new Set(this.#pages.subarray(this.#entriesUntil(sequence), this.#entries)),
    ).toSorted()
  }

  /**
   * Forgets the revisions before `floor`, and the base images that no longer matter: of pages that no commit
   * has changed since, and those before `keepFrom`. A floor below the present one only drops base images.
   */
  raiseFloor(floor: number, sizeAtFloor: number, keepFrom: number): void {
    if (floor > this.#floor) this.#removeCommits(floor)
    if (floor === this.#floor) this.#floorSize = sizeAtFloor
    for (let page = 0; page < this.#basePositions.length; page++) {
      if (!this.isChanged(page) || this.#basePositions[page]! < keepFrom) this.#basePositions[page] = 0
    }
  }

  #removeCommits(floor: number): void {
    const removed = this.#entriesUntil(floor)
    const commits = floor - this.#floor
    this.#firstEntry = cut(this.#firstEntry, commits, this.#commits).map((first) => first - removed)
    this.#sizes = cut(this.#sizes, commits, this.#commits)
    this.#commits -= commits
    this.#pages = cut(this.#pages, removed, this.#entries)
    this.#crcs = cut(this.#crcs, removed, this.#entries)
    this.#positions = cut(this.#positions, removed, this.#entries)
    this.#previous = cut(this.#previous, removed, this.#entries).map((entry) => Math.max(entry - removed, 0))
    this.#newest = this.#newest.map((entry) => Math.max(entry - removed, 0))
    this.#entries -= removed
    this.#floor = floor
  }

  #addEntry(page: number, crc: number, position: number): void {
    this.#newest = grown(this.#newest, page + 1)
    this.#pages[this.#entries] = page
    this.#crcs[this.#entries] = crc
    this.#positions[this.#entries] = position
    this.#previous[this.#entries] = this.#newest[page]!
    this.#entries += 1
    this.#newest[page] = this.#entries
  }

  /** Number of entries of commits up to `sequence`. */
  #entriesUntil(sequence: number): number {
    const commits = sequence - this.#floor
    return commits >= this.#commits ? this.#entries : this.#firstEntry[commits]!
  }
}
