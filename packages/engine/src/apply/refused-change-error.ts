import { TidemarkError } from '@tidemark/protocol'

/**
 * A change that this database cannot take, however often it is tried: its table or column does not exist, its
 * statement is not allowed.
 */
export class RefusedChangeError extends TidemarkError {
  override readonly name = 'RefusedChangeError'
  /** The SQLite result code that says the same, for peers that know those. */
  readonly sqliteCode: string

  constructor(message: string, options: { readonly sqliteCode?: string; readonly cause?: unknown } = {}) {
    super('TIDEMARK_REFUSED_CHANGE', message, { recovery: 'fix-data', cause: options.cause })
    this.sqliteCode = options.sqliteCode ?? 'SQLITE_ERROR'
  }
}
