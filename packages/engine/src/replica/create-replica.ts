import { randomUUID } from 'node:crypto'

import Database from 'better-sqlite3'
import { PAGE_SIZE, StateError } from '@tidemark/protocol'

import { adoptExisting } from '../capture/adopt-existing.ts'
import { installCapture, removeCapture } from '../capture/install.ts'
import { removeFile } from './durable-file.ts'
import { initialInfo, saveInfo } from './info.ts'
import { assertSqliteFile } from './sqlite-file.ts'
import { replicaPaths } from './paths.ts'
import type { BootstrapOptions } from './bootstrap.ts'

/**
 * Creates an empty local database that has not been pulled yet: everything in it is local until the first
 * pull. A file in its place is replaced.
 */
export function createReplica(path: string, options: BootstrapOptions): void {
  const paths = replicaPaths(path)
  for (const old of [paths.main, paths.wal, paths.sharedMemory, paths.revert, paths.changes, paths.replay])
    removeFile(old)
  // State first: state without a database means that there is none yet.
  saveInfo(paths.info, initialInfo(options.clientId ?? randomUUID(), options.url))
  const db = new Database(path)
  try {
    db.pragma(`page_size = ${PAGE_SIZE}`)
    db.pragma('journal_mode = WAL')
  } finally {
    db.close()
  }
}

/**
 * Makes an ordinary SQLite file a replica: every object and row in it becomes a pending change.
 *
 * @throws StateError when it is not a SQLite file with 4096-byte pages and text in UTF-8; it is left as it was
 */
export function adoptDatabase(path: string, options: BootstrapOptions): void {
  assertSqliteFile(path)
  const db = new Database(path)
  try {
    assertUtf8(path, db)
    db.pragma('journal_mode = WAL')
    // So that many triggers are created quickly, see `createManyTriggers`.
    db.unsafeMode(true)
    db.transaction(() => {
      removeCapture(db)
      installCapture(db, { firstChangeId: 1 })
      adoptExisting(db)
    }).immediate()
  } finally {
    db.close()
  }
  saveInfo(replicaPaths(path).info, initialInfo(options.clientId ?? randomUUID(), options.url))
}

/** Pages of another encoding cannot take the place of these under an open connection. */
function assertUtf8(path: string, db: Database.Database): void {
  const encoding = db.pragma('encoding', { simple: true }) as string
  if (encoding === 'UTF-8') return
  throw new StateError(
    'TIDEMARK_ENCODING',
    `${path} has its text in ${encoding}; only UTF-8 can be synced. It was left as it is. Convert it with: sqlite3 ${path} .dump | sqlite3 converted.db`,
    { recovery: 'operator' },
  )
}
