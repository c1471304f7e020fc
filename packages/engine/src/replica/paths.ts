/** The files of a replica: see docs/architecture.md, "Files beside the database". */
export interface ReplicaPaths {
  readonly main: string
  readonly wal: string
  readonly sharedMemory: string
  /** Sync state, JSON. */
  readonly info: string
  /** A pull that is downloaded and not yet applied. */
  readonly changes: string
  /** Base images of pages that the overlay has overwritten. */
  readonly revert: string
  /** There only while a pull is being applied. */
  readonly replay: string
  /** Takes the place of `replay` when a damaged base is replaced. */
  readonly nextReplay: string
  /** A bootstrap that is being downloaded; becomes the main file. */
  readonly bootstrap: string
  /** A copy of the base; there only while a pull that was interrupted is being finished. */
  readonly baseCopy: string
  /** A copy of the base that a pull brings; there only while it is compared with the one before. */
  readonly pulledCopy: string
  /** Held while a sync operation runs. */
  readonly lock: string
}

export function replicaPaths(path: string): ReplicaPaths {
  return {
    main: path,
    wal: `${path}-wal`,
    sharedMemory: `${path}-shm`,
    info: `${path}-info`,
    changes: `${path}-changes`,
    revert: `${path}-wal-revert`,
    replay: `${path}-replay`,
    nextReplay: `${path}-replay-next`,
    bootstrap: `${path}-bootstrap`,
    baseCopy: `${path}-base`,
    pulledCopy: `${path}-base-next`,
    lock: `${path}-lock`,
  }
}
