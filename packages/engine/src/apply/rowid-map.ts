/** A row without a key that got another rowid here than where it was inserted. */
export interface MappedRowid {
  readonly table: string
  readonly local: bigint
  readonly remote: bigint
}

/** Where the rows without keys went whose rowid was taken, so that later changes of the same client follow them. */
export class RowidMap {
  readonly #tables = new Map<string, Map<bigint, MappedRowid>>()

  constructor(mappings: readonly MappedRowid[] = []) {
    for (const { table, local, remote } of mappings) this.set(table, local, remote)
  }

  /** The rowid that `local` has here. */
  resolve(table: string, local: bigint): bigint {
    return this.#tables.get(table.toLowerCase())?.get(local)?.remote ?? local
  }

  set(table: string, local: bigint, remote: bigint): void {
    const name = table.toLowerCase()
    let rows = this.#tables.get(name)
    if (rows === undefined) {
      rows = new Map<bigint, MappedRowid>()
      this.#tables.set(name, rows)
    }
    if (local === remote) rows.delete(local)
    else rows.set(local, { table, local, remote })
  }

  /** A table that has another name from now on takes its rows with it. */
  rename(from: string, to: string): void {
    const rows = this.#tables.get(from.toLowerCase())
    this.#tables.delete(from.toLowerCase())
    this.#tables.delete(to.toLowerCase())
    for (const { local, remote } of rows?.values() ?? []) this.set(to, local, remote)
  }

  /** Rows of the table went where `other` says, and no others. */
  adopt(other: RowidMap, table: string): void {
    const name = table.toLowerCase()
    this.#tables.delete(name)
    const rows = other.#tables.get(name)
    if (rows !== undefined) this.#tables.set(name, new Map(rows))
  }

  entries(): MappedRowid[] {
    return [...this.#tables.values()].flatMap((rows) => [...rows.values()])
  }
}
