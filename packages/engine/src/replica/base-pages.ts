import Database from 'better-sqlite3'
import { PAGE_SIZE } from '@tidemark/protocol'

import type { PageImage } from '../wal/inject.ts'
import { LOCK_BYTE_PAGE } from './base.ts'
import type { StagedPull } from './staged-pages.ts'
import { readPageOne } from './page-one.ts'
import type { ReplicaSession } from './session.ts'

/** What an injection needs of a stage. */
export interface InjectedPages {
  readonly staged: Pick<StagedPull, 'revision' | 'sizeInPages' | 'pageOne'>
  readonly pageNumbers: Pick<ReadonlySet<number>, 'has'>
  readonly pages: () => Iterable<PageImage>
}

/** The base that a replica has, as a stage: no page that it does not have. */
export function basePages(session: ReplicaSession): InjectedPages {
  const { revision, sizeInPages } = session.info
  if (sizeInPages > 0)
    return { staged: { revision, sizeInPages, pageOne: null }, pageNumbers: new Set(), pages: () => [] }
  const empty = emptyDatabase()
  return {
    staged: { revision, sizeInPages: 1, pageOne: readPageOne(empty) },
    pageNumbers: new Set([1]),
    *pages() {
      yield { pageNumber: 1, image: empty }
    },
  }
}

/** Every page of the base that a replica has. The image is reused from step to step. */
export function* wholeBase(session: ReplicaSession): Generator<PageImage> {
  const { sizeInPages } = session.info
  if (sizeInPages === 0) yield* basePages(session).pages()
  else yield* session.base.images(Array.from({ length: sizeInPages }, (_, index) => index + 1))
}

/** The same where the base is only assumed: `stage` has the pages in which the true one differs. */
export function* trueBase(session: ReplicaSession, stage: InjectedPages): Generator<PageImage> {
  const image = new Uint8Array(PAGE_SIZE)
  for (let pageNumber = 1; pageNumber <= stage.staged.sizeInPages; pageNumber++) {
    if (pageNumber === LOCK_BYTE_PAGE || stage.pageNumbers.has(pageNumber)) continue
    if (session.base.readPinned(pageNumber, image)) yield { pageNumber, image }
  }
  yield* stage.pages()
}

/** The one page of a database with nothing in it: what stands for the base of a replica that has not pulled yet. */
function emptyDatabase(): Uint8Array {
  const db = new Database(':memory:')
  try {
    db.exec(`PRAGMA page_size = ${PAGE_SIZE}; CREATE TABLE t (a); DROP TABLE t; VACUUM`)
    return db.serialize().subarray(0, PAGE_SIZE)
  } finally {
    db.close()
  }
}
