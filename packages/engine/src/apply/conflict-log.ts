import type { ConflictRow, SqlValue } from '@tidemark/protocol'
import { RawText } from '@tidemark/protocol'

/** How much of the conflicting rows is kept; all are counted. */
export interface ConflictLimits {
  readonly conflictRows: number
  /** Approximate bytes of the rows kept. */
  readonly conflictBytes: number
}

const defaultLimits: ConflictLimits = { conflictRows: 1000, conflictBytes: 1 << 20 }

/** The rows that a push found changed by others, in order, bounded (I7). */
export class ConflictLog {
  readonly #limits: ConflictLimits
  readonly #rows: ConflictRow[] = []
  #bytes = 0
  #count = 0

  constructor(limits: ConflictLimits = defaultLimits) {
    this.#limits = limits
  }

  add(row: ConflictRow): void {
    this.#count += 1
    if (this.#rows.length >= this.#limits.conflictRows || this.#bytes >= this.#limits.conflictBytes) return
    this.#rows.push(row)
    for (const value of Object.values(row.remote ?? {})) this.#bytes += 16 + sizeOf(value)
  }

  rows(): { readonly rows: readonly ConflictRow[]; readonly rowCount: number } {
    return { rows: this.#rows, rowCount: this.#count }
  }
}

function sizeOf(value: SqlValue): number {
  if (typeof value === 'string') return value.length
  if (value instanceof RawText) return value.bytes.byteLength
  return value instanceof Uint8Array ? value.byteLength : 0
}
