import type { Database, PendingChange, RejectedChange } from '@tidemark/sdk-node'
import { pendingItem, rejectedItem, type Layout, type ListItem } from './change-list.ts'
import type { PendingList } from './pending-text.ts'

/** What is in memory at a time: about these, or one change. */
const PAGE_BYTES = 1 << 20

export interface ListOptions {
  /** Only changes of this table; null: all. */
  readonly table: string | null
  /** Only the changes and entries of these numbers, each once, with whole values; null: all. */
  readonly numbers: readonly number[] | null
  readonly limit: number
  /** About so many columns to a line. */
  readonly width: number
}

/** Reads the queue, of which it keeps what is printed. */
export async function readPendingList(db: Database, options: ListOptions): Promise<PendingList> {
  const { table, numbers, limit, width } = options
  const layout = { width, isWhole: numbers !== null }
  const changes = numbers === null ? await listed(db, options, layout) : await found(db, numbers, layout)
  const setAside = (await db.rejected()).filter((entry) => isListed(entry, options))
  const { cdcOperations: pending, quarantined: rejected } = await db.stats()
  return {
    table,
    notPending: (numbers ?? []).filter((number) => changes.every((item) => item.number !== number)),
    changes: changes.slice(0, limit),
    hasMore: changes.length > limit,
    pending,
    setAside: setAside.slice(0, limit).map((entry) => rejectedItem(entry, layout)),
    hasMoreSetAside: setAside.length > limit,
    rejected,
  }
}

/** Up to one more than the limit. */
async function listed(db: Database, options: ListOptions, layout: Layout): Promise<ListItem[]> {
  const items: ListItem[] = []
  for await (const change of pendingChanges(db, options)) {
    items.push(pendingItem(change, layout))
    if (items.length > options.limit) break
  }
  return items
}

async function* pendingChanges(db: Database, { table, limit }: ListOptions): AsyncGenerator<PendingChange> {
  const filter = { limit: limit + 1, maxBytes: PAGE_BYTES, ...(table === null ? {} : { table }) }
  for (let after = 0; ;) {
    const page = await db.pending({ ...filter, after })
    const last = page.at(-1)
    if (last === undefined) return
    yield* page
    after = last.changeId
  }
}

/** Those of them that are pending, in order. */
async function found(db: Database, numbers: readonly number[], layout: Layout): Promise<ListItem[]> {
  const items: ListItem[] = []
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const [change] = await db.pending({ after: Math.max(0, number - 1), limit: 1 })
    if (change?.changeId === number) items.push(pendingItem(change, layout))
  }
  return items
}

function isListed({ id, changes }: RejectedChange, { table, numbers }: ListOptions): boolean {
  if (numbers !== null) return numbers.includes(id)
  return table === null || changes.some((change) => isOfTable(change, table))
}

function isOfTable(change: RejectedChange['changes'][number], table: string): boolean {
  return change.kind !== 'schema' && change.table.toLowerCase() === table.toLowerCase()
}
