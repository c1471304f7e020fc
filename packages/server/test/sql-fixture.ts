import type { HranaRequest } from '@tidemark/protocol'
import { run } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

/** Short timeouts and small limits, so that the tests reach them. */
export const SQL_TEST_SETTINGS = {
  statementTimeoutMs: 2000,
  turnWaitMs: 300,
  transactionIdleTimeoutMs: 400,
  streamIdleTimeoutMs: 400,
  maxSqlResponseBytes: 1_000_000,
  maxStreams: 8,
}

export const CLOSE: HranaRequest = { type: 'close' }

/** A new database with one table and one row; resolves to its URL. */
export async function createWithItems(server: RunningServer, name: string): Promise<string> {
  const database = await server.create(name)
  await run(
    database,
    'CREATE TABLE item (id INTEGER PRIMARY KEY, body UNIQUE)',
    "INSERT INTO item VALUES (1, 'one')",
  )
  return database
}
