import { PushedRows } from '@tidemark/protocol'
import type { Change, PullEcho, PushHeader } from '@tidemark/protocol'
import type { PushBody } from './push-body.ts'

/** Bodies that are kept, of all databases together, and a single one, bytes. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_BODY_BYTES = 4 * 1024 * 1024
/** The echo of a smaller push is small anyway. */
const MIN_BODY_BYTES = 1024

interface RecentPush {
  readonly databaseId: string
  readonly clientId: string
  readonly lastChangeId: number
  readonly body: PushBody
  readonly bytes: number
}

/**
 * The last pushes to a worker's databases as they were received, for the pulls of those who sent them. In
 * memory only: without them a pull takes more bytes, no more.
 */
export class RecentPushes {
  /** Oldest first. */
  readonly #pushes: RecentPush[] = []
  #bytes = 0

  keep(databaseId: string, { clientId, lastChangeId }: PushHeader, body: PushBody): void {
    const { bytesInMemory: bytes } = body
    if (bytes === null || bytes < MIN_BODY_BYTES || bytes > MAX_BODY_BYTES) return
    this.#pushes.push({ databaseId, clientId, lastChangeId, body: body.copy(), bytes })
    this.#bytes += bytes
    while (this.#bytes > MAX_BYTES) this.#bytes -= this.#pushes.shift()!.bytes
  }

  /**
   * The rows that the pushes of an echo inserted; null where they are not all here, or are not those that the
   * client has.
   */
  rowsOf(databaseId: string, echo: PullEcho): PushedRows | null {
    const own = this.#pushes.filter(
      (push) =>
        push.databaseId === databaseId &&
        push.clientId === echo.clientId &&
        push.lastChangeId >= echo.firstChangeId &&
        push.lastChangeId <= echo.lastChangeId,
    )
    const rows = own.length === 0 ? null : PushedRows.from(changesOf(own))
    return rows !== null && Buffer.compare(rows.digest(), echo.digest) === 0 ? rows : null
  }
}

function* changesOf(pushes: readonly RecentPush[]): Generator<Change> {
  for (const { body } of pushes) yield* body.changes()
}
