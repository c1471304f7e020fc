import { createHash } from 'node:crypto'
import { BusyError } from '@tidemark/protocol'
import type { HranaStatement } from '@tidemark/protocol'

/** Clients of a database whose last push is known. */
const MAX_CLIENTS = 1000

/**
 * Pushes that are refused before one is let through: the network may double one that is refused, but a client
 * may ask in a way that is not known here, and have the same to say again.
 */
const MAX_REFUSALS = 3

/** How far the server has a client's changes, by the client's own counts. */
export interface Watermark {
  /** Pulls that the client has applied. After each, what is pending has new numbers. */
  readonly pullGeneration: bigint
  readonly changeId: bigint
}

/** A statement of a push that changes something. */
export interface PushedStatement extends Pick<HranaStatement, 'args' | 'named_args'> {
  readonly sql: string
}

interface AppliedPush {
  readonly statements: number
  /** The watermark before it, null where its numbers were others, and since. */
  readonly from: bigint | null
  readonly until: bigint
  readonly digest: string
  /** How often it was told to the client that it had arrived. */
  refusals: number
}

/**
 * What each Turso client has pushed since it last asked for its watermark. A client asks, then pushes all
 * that is behind it, in one batch or several. Where the network still has a batch that the client has given
 * up, and lets it through after the question, the next batch begins with the same changes, and the watermark
 * does not show it: both raise it.
 *
 * In memory only: a server that is restarted in just that moment does not notice.
 */
export class TursoPushes {
  /** By client, the one that pushed longest ago first. */
  readonly #applied = new Map<string, AppliedPush>()

  /** Whoever is named by one of `names` is about to be told its watermark, and will push what is behind that. */
  asked(names: Iterable<unknown>): void {
    for (const name of names) if (typeof name === 'string') this.#applied.delete(name)
  }

  /**
   * To be called before a push is committed.
   *
   * @throws BusyError when its first changes were applied since the client asked. It is to ask again, and
   * push the others
   */
  assertBehind(client: string, watermark: Watermark, statements: readonly PushedStatement[]): void {
    const earlier = this.#applied.get(client)
    if (earlier === undefined) return
    if (digestOf(watermark, statements.slice(0, earlier.statements)) !== earlier.digest) return
    if (goesOnBehind(earlier, watermark, statements.length)) return
    earlier.refusals += 1
    if (earlier.refusals === MAX_REFUSALS) this.#applied.delete(client)
    throw new BusyError(
      'An earlier push of this client has arrived late, just before this one, which has its changes again. Nothing of this one was applied: push again',
    )
  }

  /**
   * To be called when a push is committed.
   *
   * @param before the client's watermark until then; undefined: it has not pushed yet
   */
  applied(
    client: string,
    before: Watermark | undefined,
    watermark: Watermark,
    statements: readonly PushedStatement[],
  ): void {
    this.#applied.delete(client)
    if (statements.length === 0) return
    const { pullGeneration, changeId: until } = watermark
    const digest = digestOf(watermark, statements)
    const isSameNumbering = before === undefined || before.pullGeneration === pullGeneration
    const from = isSameNumbering ? (before?.changeId ?? 0n) : null
    this.#applied.set(client, { statements: statements.length, from, until, digest, refusals: 0 })
    const [oldest] = this.#applied.keys()
    if (this.#applied.size > MAX_CLIENTS) this.#applied.delete(oldest!)
  }
}

/**
 * Whether a push that begins with the statements of the one before has too few of them to have its changes
 * again: the next batch of the same client says the same where it counts, or logs, the same thing once more.
 * Each statement has a number, as has the end of each transaction. Where there are more numbers, some changes
 * are not pushed, and nothing can be told.
 */
function goesOnBehind(
  { from, until, statements }: AppliedPush,
  { changeId }: Watermark,
  count: number,
): boolean {
  const canNumber = (first: bigint, last: bigint, pushed: number): boolean =>
    last - first <= 2n * BigInt(pushed)
  if (from === null || !canNumber(from, until, statements)) return false
  return canNumber(until, changeId, count) && !canNumber(from, changeId, count)
}

/** Under other numbers the same changes are not known to be the same. */
function digestOf({ pullGeneration }: Watermark, statements: readonly PushedStatement[]): string {
  const hash = createHash('sha1').update(String(pullGeneration))
  for (const { sql, args, named_args: named } of statements) hash.update(JSON.stringify([sql, args, named]))
  return hash.digest('base64')
}
