import { ApplyConnection } from '@tidemark/engine'
import type { Connection } from '../database/connection.ts'
import type { Database } from '../database/database.ts'

/** The connection on which a database's pushes are applied, opened with the first. */
export class PushTarget {
  readonly #database: Database
  #connection: Connection | null = null
  #apply: ApplyConnection | null = null

  constructor(database: Database) {
    this.#database = database
  }

  get applyConnection(): ApplyConnection {
    if (this.#apply === null) {
      this.#connection = this.#database.acquireConnection()
      this.#apply = new ApplyConnection(this.#connection)
    }
    return this.#apply
  }

  close(): void {
    if (this.#connection !== null) this.#database.releaseConnection(this.#connection)
    this.#connection = null
    this.#apply = null
  }
}
