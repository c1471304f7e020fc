import { Epochs } from './epochs.ts'
import { historyDamaged } from './history-error.ts'
import { recordSize, SEGMENT_HEADER_SIZE } from './history-format.ts'
import type { WalPosition } from './history-format.ts'
import { PageIndex } from './page-index.ts'
import { hasIntactImages, readRecord } from './record.ts'
import type { StoredRecord } from './record.ts'
import type { SegmentedLog } from './segmented-log.ts'

export interface LoadedHistory {
  readonly index: PageIndex
  readonly epochs: Epochs
  readonly wal: WalPosition
  /** The last commit is in the main file, as far as a checkpoint record can promise it. */
  readonly checkpointed: number
  /** As {@link History.mainFileMs}. */
  readonly mainFileMs: number
  /** Segments that end before this position are not needed. */
  readonly keepFrom: number
}

/** What the log's records add up to, in the order in which they were written. */
export class HistoryState {
  #index: PageIndex | null = null
  #epochs = new Epochs()
  /** Older segments are gone: a floor that stands later in the log must say where the history begins. */
  #awaitsFloor = false
  #wal: WalPosition | null = null
  #checkpointed = 0
  #mainFileMs = 0
  #keepFrom = 0

  /**
   * @throws StateError `TIDEMARK_HISTORY_DAMAGED` when the log has lost its beginning without a floor to take its place
   */
  get loaded(): LoadedHistory | null {
    if (this.#index === null || this.#wal === null) return null
    if (this.#awaitsFloor) throw historyDamaged('segments are missing at its beginning')
    return {
      index: this.#index,
      epochs: this.#epochs,
      wal: this.#wal,
      checkpointed: this.#checkpointed,
      mainFileMs: this.#mainFileMs,
      keepFrom: this.#keepFrom,
    }
  }

  /** @throws StateError `TIDEMARK_HISTORY_DAMAGED` when the record does not follow from those before */
  add({ header, table, position }: StoredRecord): void {
    const index = this.#index === null || isBehindGap(this.#index, header) ? this.#begin(header) : this.#index
    switch (header.kind) {
      case 'commit':
        if (header.sequence !== index.head + 1) {
          throw historyDamaged(`commit ${header.sequence} at ${position} follows commit ${index.head}`)
        }
        index.addCommit(header.sizeInPages, table)
        this.#epochs.add(header.sequence, header.epoch)
        this.#wal = header.wal
        break
      case 'epoch':
        this.#epochs.add(header.sequence + 1, header.epoch)
        break
      case 'base':
        index.addBaseImages(table)
        break
      case 'checkpoint':
        this.#checkpointed = header.sequence
        this.#mainFileMs = header.mainFileMs
        this.#wal = header.wal
        break
      case 'floor':
        this.#addFloor(index, { header, table, position })
        break
    }
  }

  /**
   * What stood before is gone, or belongs to revisions that are; the floor to come brings the size that is
   * missing here.
   */
  #begin(header: StoredRecord['header']): PageIndex {
    const floor = header.kind === 'commit' ? header.sequence - 1 : header.sequence
    this.#index = new PageIndex(floor, header.sizeInPages)
    this.#epochs = new Epochs()
    this.#awaitsFloor = true
    return this.#index
  }

  #addFloor(index: PageIndex, { header, table }: StoredRecord): void {
    index.raiseFloor(header.sequence, header.sizeInPages, header.keepFrom)
    index.addBaseImages(table)
    if (header.sequence === index.floor) this.#epochs.raiseFloor(header.sequence, header.epoch)
    // A floor is never above what was checkpointed, and the record that says so may have gone with its segment.
    this.#checkpointed = Math.max(this.#checkpointed, header.sequence)
    this.#wal = header.wal
    this.#keepFrom = header.keepFrom
    this.#awaitsFloor = false
  }
}

/**
 * Whether commits are missing between the index and the record. An older floor may stand at the beginning of
 * the log, written after commits that have been dropped with their segments since.
 */
function isBehindGap(index: PageIndex, header: StoredRecord['header']): boolean {
  if (index.head !== index.floor) return false
  if (header.kind === 'commit') return header.sequence > index.head + 1
  return header.kind === 'floor' && header.sequence > index.head
}

/**
 * Reads the log into memory and cuts off what a crash left unfinished at its end. Records after the last
 * checkpoint may have reached the disk in part and out of order, so their images are checked; earlier ones
 * were synced and are checked when read.
 *
 * @returns null for an empty log
 * @throws StateError `TIDEMARK_HISTORY_DAMAGED`
 */
export function loadHistory(log: SegmentedLog): LoadedHistory | null {
  const state = new HistoryState()
  let unsynced: StoredRecord[] = []
  for (const [number, segment] of log.segments.entries()) {
    const isLast = number === log.segments.length - 1
    const end = segment.start + segment.size
    for (let position = segment.start + SEGMENT_HEADER_SIZE; position < end;) {
      const record = readRecord(log, position)
      if (record === null) {
        if (!isLast) throw historyDamaged(`no valid record at ${position}, before the last segment`)
        log.truncate(position)
        break
      }
      if (record.header.kind === 'checkpoint') {
        for (const earlier of unsynced) state.add(earlier)
        unsynced = []
      }
      unsynced.push(record)
      position += recordSize(record.header.pageCount)
    }
  }
  addIntact(log, state, unsynced)
  return state.loaded
}

function addIntact(log: SegmentedLog, state: HistoryState, records: readonly StoredRecord[]): void {
  for (const record of records) {
    if (!hasIntactImages(log, record)) {
      const tail = log.segments.at(-1)
      if (tail === undefined || record.position < tail.start) {
        throw historyDamaged(`images of the record at ${record.position} are damaged`)
      }
      log.truncate(record.position)
      return
    }
    state.add(record)
  }
}
