import { randomBytes } from 'node:crypto'

import Database from 'better-sqlite3'
import { PAGE_SIZE } from '@tidemark/protocol'

import { ApplyConnection, applyPush, Replica } from '../src/index.ts'
import type { ApplyReport } from '../src/index.ts'

/** The remote side, reduced to one database file: revisions are its states, taken whole. */
export class Origin {
  readonly db: Database.Database
  readonly #apply: ApplyConnection
  readonly #revisions: Uint8Array[][] = []

  constructor(path: string) {
    this.db = new Database(path)
    this.db.pragma('journal_mode = WAL')
    this.#apply = new ApplyConnection(new Database(path))
    this.record()
  }

  /** Takes the current state as the next revision. */
  record(): string {
    const bytes = this.db.serialize()
    const pages = Array.from({ length: bytes.length / PAGE_SIZE }, (_, page) =>
      bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE),
    )
    this.#revisions.push(pages)
    return String(this.#revisions.length)
  }

  exec(sql: string): void {
    this.db.exec(sql)
    this.record()
  }

  pages(revision: string): Uint8Array[] {
    return this.#revisions[Number(revision) - 1] ?? []
  }

  get head(): string {
    return String(this.#revisions.length)
  }

  bootstrap(path: string): void {
    const writer = Replica.bootstrap(path, { url: null })
    const pages = this.pages(this.head)
    for (const [index, image] of pages.entries()) writer.writePage(index + 1, image)
    writer.finish({ revision: this.head, sizeInPages: pages.length })
  }

  /** Sends everything pending and acknowledges it. */
  push(replica: Replica): void {
    const batch = replica.beginPush()
    if (batch === null) return
    const pushId = randomBytes(16)
    const outcome = applyPush(this.#apply, {
      header: {
        ...batch,
        clientId: replica.info.clientId,
        pushId,
        previousPushId: Buffer.from(replica.info.pushId ?? '', 'hex'),
        baseRevision: replica.info.revision,
        conflictPolicy: 'last-push-wins',
      },
      changes: () => batch.changes(),
    })
    batch.close()
    if (outcome.type !== 'ok')
      throw new Error(
        JSON.stringify(outcome, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
      )
    this.record()
    replica.acknowledgePush({ lastChangeId: outcome.lastChangeId, pushId: pushId.toString('hex') })
  }

  /** Stages the pages that differ between the replica's revision and the head. */
  stage(replica: Pick<Replica, 'stagePull'> & { readonly info: { readonly revision: string } }): void {
    const from = this.pages(replica.info.revision)
    const pages = this.pages(this.head)
    const stage = replica.stagePull()
    for (const [index, image] of pages.entries()) {
      if (from[index] === undefined || !Buffer.from(from[index]).equals(image))
        stage.writePage(index + 1, image)
    }
    stage.finish({ revision: this.head, sizeInPages: pages.length })
  }

  pull(replica: Replica): ApplyReport {
    this.stage(replica)
    return replica.applyPull({ resolve: () => 'keep-local', onConflict: () => {} })
  }

  close(): void {
    this.db.close()
    this.#apply.db.close()
  }
}

/** Page numbers at which the replica's base differs from the origin's bytes at its revision (I1). */
export function baseDifferences(replica: Replica, origin: Origin): number[] {
  const pages = origin.pages(replica.info.revision)
  if (replica.info.sizeInPages !== pages.length) return [-1]
  return pages.flatMap((page, index) => {
    const image = replica.baseImage(index + 1)
    return image !== null && Buffer.from(image).equals(page) ? [] : [index + 1]
  })
}
