import { journalsOf } from './content.ts'
import type { Reader } from './content.ts'

/**
 * `kept`: acknowledged, so it must be there, once. `open`: it may have been lost with a backup. `never`: it
 * was not committed.
 */
type Fate = 'kept' | 'open' | 'never'

interface Entry {
  readonly fate: Fate
  /** Its statements were committed one by one. */
  readonly isLoose: boolean
  /** How often it may be there beyond the first time. */
  readonly repeats: number
  /** How often each line of the journals was written by it. */
  readonly lines: ReadonlyMap<string, number>
}

/**
 * The transactions of all writers by their tags, and what each left in the journals. The journals have no key
 * and nobody ever changes a line of them: a transaction that was lost, halved, or applied twice shows in the
 * counts.
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>()

  committed(tag: string, lines: ReadonlyMap<string, number>, isLoose: boolean = false): void {
    this.#entries.set(tag, { fate: 'kept', isLoose, repeats: 0, lines })
  }

  neverCommitted(tag: string): void {
    this.#entries.set(tag, {
      fate: 'never',
      isLoose: false,
      repeats: 0,
      lines: new Map([[`journal ${tag}`, 1]]),
    })
  }

  /** Of `tags`, those that `server` does not have went with the files that had them. */
  mayBeLost(tags: Iterable<string>, server: Reader): void {
    const lines = journalsOf(server)
    for (const tag of tags) {
      const entry = this.#entries.get(tag)
      if (entry?.fate === 'kept' && !lines.has(`journal ${tag}`))
        this.#entries.set(tag, { ...entry, fate: 'open' })
    }
  }

  /** Those of `tags` that `db` does not have. */
  missing(tags: Iterable<string>, db: Reader): string[] {
    const lines = journalsOf(db)
    return [...tags].filter((tag) => !lines.has(`journal ${tag}`))
  }

  /** Parts of these transactions may have been taken back. */
  mayBeSplit(tags: Iterable<string>): void {
    for (const tag of tags) {
      const entry = this.#entries.get(tag)
      if (entry?.fate === 'kept') this.#entries.set(tag, { ...entry, fate: 'open', isLoose: true })
    }
  }

  /**
   * The transaction was another program's, whose end nothing marks: what was done in another millisecond is
   * set aside without the rest.
   */
  mayBeSetAsideInPart(tag: string): void {
    const entry = this.#entries.get(tag)
    if (entry?.fate === 'kept') this.#entries.set(tag, { ...entry, isLoose: true })
  }

  /**
   * They are in the queues of two copies of a replica. Rows without keys that the one has moved, to make room
   * for others, before it pushed them cannot be told from other rows by the other one.
   */
  mayBeRepeated(tags: Iterable<string>): void {
    for (const tag of tags) {
      const entry = this.#entries.get(tag)
      if (entry !== undefined) this.#entries.set(tag, { ...entry, repeats: entry.repeats + 1 })
    }
  }

  /** Tags of all transactions. */
  get tags(): Iterable<string> {
    return this.#entries.keys()
  }

  /** What is wrong with a database that has everything but what was set aside. */
  violations(db: Reader, setAside: ReadonlySet<string>): string[] {
    const found = journalsOf(db)
    const wrong: string[] = []
    const least = new Map<string, number>()
    const most = new Map<string, number>()
    for (const [tag, { fate, isLoose, repeats, lines }] of this.#entries) {
      const isThere = found.has(`journal ${tag}`)
      if (fate === 'kept' && !isThere && !setAside.has(tag))
        wrong.push(`transaction ${tag} was acknowledged and is missing`)
      if (fate === 'never' && isThere) wrong.push(`transaction ${tag} was never committed and is there`)
      // Statements that were committed one by one may be set aside without the others.
      const isWhole = !(isLoose && setAside.has(tag))
      const isSure = isThere && isWhole && (fate === 'kept' || !isLoose)
      for (const [line, count] of lines) {
        if (isSure) least.set(line, (least.get(line) ?? 0) + count)
        if (isThere || isLoose) most.set(line, (most.get(line) ?? 0) + count * (1 + repeats))
      }
    }
    for (const line of new Set([...most.keys(), ...found.keys()])) {
      const [there, low, high] = [found.get(line) ?? 0, least.get(line) ?? 0, most.get(line) ?? 0]
      if (there < low) wrong.push(`"${line}" was written ${low} times and is there ${there} times`)
      if (there > high) wrong.push(`"${line}" was written ${high} times and is there ${there} times`)
    }
    return wrong
  }
}

/** What was added to the journals. */
export function linesAdded(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Map<string, number> {
  const added = new Map<string, number>()
  for (const [line, count] of after) {
    const more = count - (before.get(line) ?? 0)
    if (more !== 0) added.set(line, more)
  }
  return added
}
