import { PAGE_SIZE } from '@tidemark/protocol'
import type { WalChecksum } from '@tidemark/protocol'

import type { PageImage } from '../wal/inject.ts'
import type { PageOnePatch } from './info.ts'

/** A downloaded pull: the server's newest image of each page that changed. */
export interface StagedPull {
  readonly revision: string
  /** Size of the database at that revision. */
  readonly sizeInPages: number
  readonly pageCount: number
  /** What page 1 holds where injection patches it; null: page 1 is not among the pages. */
  readonly pageOne: PageOnePatch | null
}

/** The pages of a downloaded pull, wherever they are. */
export interface StagedPages {
  readonly staged: StagedPull
  readonly pageNumbers: Pick<ReadonlySet<number>, 'has' | 'size'>
  /** The image of one page, unchecked; null where it is not among the pages. */
  read(pageNumber: number): Uint8Array | null
  /**
   * All pages, in the order in which they came; an image is valid until the next step.
   *
   * @throws ProtocolError after the last page where one of them was damaged: what is made of them must not count before
   */
  pages(): Generator<PageImage>
  close(): void
}

/** A few pages. */
export class PagesInMemory implements StagedPages {
  readonly staged: StagedPull
  readonly pageNumbers: ReadonlySet<number>
  readonly #images: Uint8Array
  readonly #checksums: readonly WalChecksum[]

  /** @param images one after the other, in the order of `pageNumbers`; so are `checksums`, of each by itself */
  constructor(
    staged: StagedPull,
    pageNumbers: ReadonlySet<number>,
    images: Uint8Array,
    checksums: readonly WalChecksum[],
  ) {
    this.staged = staged
    this.pageNumbers = pageNumbers
    this.#images = images
    this.#checksums = checksums
  }

  read(pageNumber: number): Uint8Array | null {
    for (const page of this.pages()) if (page.pageNumber === pageNumber) return page.image
    return null
  }

  *pages(): Generator<PageImage> {
    let position = 0
    for (const pageNumber of this.pageNumbers) {
      const image = this.#images.subarray(position * PAGE_SIZE, (position + 1) * PAGE_SIZE)
      yield { pageNumber, image, checksum: this.#checksums[position]! }
      position += 1
    }
  }

  close(): void {}
}
