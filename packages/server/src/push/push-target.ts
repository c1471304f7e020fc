import { ApplyConnection } from '@tidemark/engine/server-side'
import type { Connection } from '../database/connection.ts'
import type { Database } from '../database/database.ts'
import type { RecentPushes } from './recent-pushes.ts'
import type { PushSettings } from './push-settings.ts'
import { TursoPushes } from './turso-pushes.ts'

/** Where a database's pushes are applied, in either dialect: a connection of their own, opened with the first. */
export class PushTarget {
  readonly database: Database
  readonly databaseId: string
  readonly settings: PushSettings
  readonly recent: RecentPushes
  readonly tursoPushes: TursoPushes = new TursoPushes()
  #connection: Connection | null = null
  #apply: ApplyConnection | null = null

  constructor(database: Database, databaseId: string, settings: PushSettings, recent: RecentPushes) {
    this.databaseId = databaseId
    this.database = database
    this.settings = settings
    this.recent = recent
  }

  get applyConnection(): ApplyConnection {
    if (this.#apply === null) {
      this.#connection = this.database.acquireConnection()
      this.#apply = new ApplyConnection(this.#connection)
    }
    return this.#apply
  }

  close(): void {
    if (this.#connection !== null) this.database.releaseConnection(this.#connection)
    this.#connection = null
    this.#apply = null
  }
}
