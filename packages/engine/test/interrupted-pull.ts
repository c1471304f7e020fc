/** A pull cut into its steps, so that something can happen between any two. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

import Database from 'better-sqlite3'

import { injectStage } from '../src/replica/apply-pull.ts'
import { openReplica } from '../src/replica/open-replica.ts'
import type { ReplayPlan } from '../src/replica/replay-file.ts'
import type { Durability } from '../src/replica/replica-options.ts'
import type { ReplicaSession } from '../src/replica/session.ts'
import type { Origin } from './origin.ts'

export const keepLocal = { resolve: () => 'keep-local' as const, onConflict: (): void => {} }

export function openSession(path: string, durability: Durability = 'full'): ReplicaSession {
  return openReplica(path, { durability, busyTimeoutMs: 0, interruptedPull: keepLocal })
}

/** Stages what `origin` has and the session's replica lacks. */
export function stage(session: ReplicaSession, origin: Origin): void {
  origin.stage(session)
}

/** The first half of applying a staged pull. */
export function inject(session: ReplicaSession): ReplayPlan {
  const pages = session.openStage()!
  try {
    return injectStage(session, pages)
  } finally {
    pages.close()
  }
}

/** What another program does with the file. It checkpoints only if told to. */
export function foreign(path: string, sql: string): void {
  const db = new Database(path)
  db.pragma('wal_autocheckpoint = 0')
  db.exec(sql)
  db.close()
}

/** The files as a crash at this moment would leave them, in a place of their own; returns the database's path there. */
export function afterCrash(path: string): string {
  const copy = `${path}.crashed`
  for (const suffix of ['', '-wal', '-info', '-replay', '-changes', '-wal-revert']) {
    // Keeps the times to the nanosecond, by which a replica knows that nobody has touched its file.
    if (existsSync(path + suffix)) spawnSync('cp', ['-a', path + suffix, copy + suffix])
  }
  return copy
}

export const ids = (db: Database.Database): unknown[] =>
  db.prepare('SELECT id FROM note ORDER BY id').pluck().all()
