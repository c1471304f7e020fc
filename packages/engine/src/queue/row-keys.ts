import type { SqlValue } from '@tidemark/protocol'
import { RawText } from '@tidemark/protocol'
import { identityOf } from '../apply/row-identity.ts'
import type { CapturedChange, CapturedRow, CapturedSchema } from '../capture/captured-change.ts'
import { keyOf } from '../capture/to-wire-change.ts'
import { classifyStatement } from '../sql/classify-statement.ts'
import { parseAlterTable } from '../sql/parse-alter-table.ts'

/** The name of the row where it was before a change and where it is after; null where there was none, or is none. */
export interface RowPlaces {
  readonly from: string | null
  readonly to: string | null
}

/**
 * Names the rows that changes touch, across changes of their keys and names of their tables. Changes are to
 * be shown in order.
 */
export class RowKeys {
  /** First name of each table that was renamed on the way, by its present one; lower case. */
  readonly #firstNames = new Map<string, string>()

  /** Where the row was before the change and where it is after. Empty for what is no row change. */
  of(change: CapturedChange): string[] {
    if (change.kind === 'schema') this.follow(change)
    if (!('table' in change)) return []
    const { from, to } = this.places(change)
    return [...new Set([from, to].filter((place) => place !== null))]
  }

  /** The same, told apart. */
  places(change: CapturedRow): RowPlaces {
    const { before, after } = change
    return {
      from: before === null ? null : this.#key(change, before),
      to: after === null ? null : this.#key(change, after),
    }
  }

  /** Rows of a table that is renamed keep their names. */
  follow({ sql }: CapturedSchema): void {
    const statement = classifyStatement(sql)
    if (statement.kind !== 'schema' || statement.verb !== 'alter' || statement.name === null) return
    const alter = parseAlterTable(sql)
    if (alter?.action !== 'rename') return
    const from = statement.name.toLowerCase()
    this.#firstNames.set(alter.to.toLowerCase(), this.#firstNames.get(from) ?? from)
  }

  #key(change: CapturedRow, image: readonly SqlValue[]): string {
    const name = change.table.name.toLowerCase()
    const identity = identityOf(change.table, keyOf(change.table.key, image), change.rowid)
    const values = identity.by === 'key' ? identity.values.map(textOf) : `rowid ${identity.rowid}`
    return JSON.stringify([this.#firstNames.get(name) ?? name, values])
  }
}

function textOf(value: SqlValue): string {
  if (value instanceof RawText) return `raw ${Buffer.from(value.bytes).toString('hex')}`
  if (value instanceof Uint8Array) return `blob ${Buffer.from(value).toString('hex')}`
  return `${typeof value} ${String(value)}`
}
