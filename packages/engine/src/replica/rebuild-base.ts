import { PAGE_SIZE, pageHash } from '@tidemark/protocol'

import type { PullStage } from './changes-file.ts'
import type { ReplicaSession } from './session.ts'

/**
 * Finds the base of a replica again after another program has checkpointed its overlay. Pages that hash like
 * the server's are taken for the base as they are; the others, and those that the local database lacks, are
 * staged like a pull ({@link addPage}). Applying the finished stage makes the replica the server's revision
 * and replays what is pending, as any pull does. Until then the base counts as unknown, so a crash only means
 * to begin again.
 */
export class BaseRebuild {
  /** Size of the local database in pages. */
  readonly localSizeInPages: number
  readonly #stage: PullStage
  readonly #session: ReplicaSession
  #isFinished = false

  constructor(session: ReplicaSession) {
    this.#session = session
    this.#stage = session.stagePull()
    try {
      this.localSizeInPages = session.withWriteLock((index) => {
        session.assumeBase(index)
        return index.sizeInPages
      })
    } catch (error) {
      this.abort()
      throw error
    }
  }

  /** Hash of a local page as it is now, or null where the local database has no such page. */
  localHash(pageNumber: number): Uint8Array | null {
    const image = new Uint8Array(PAGE_SIZE)
    return this.#session.base.readPinned(pageNumber, image) ? pageHash(image) : null
  }

  /** Takes the server's image of a page that the local database has differently or not at all. */
  addPage(pageNumber: number, image: Uint8Array): void {
    this.#stage.writePage(pageNumber, image)
  }

  /** Completes the stage. Apply it next, as a pull. */
  finish(end: { readonly revision: string; readonly sizeInPages: number }): void {
    this.#stage.finish(end)
    this.#isFinished = true
  }

  /** Gives up, also after {@link finish}: the base stays unknown unless the stage was applied. */
  abort(): void {
    if (!this.#isFinished) this.#stage.abort()
    this.#session.dropAssumedBase()
  }
}
