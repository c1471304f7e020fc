import type Database from 'better-sqlite3'

/** Compares. */
export function captureDifference(base: Database.Database, current: Database.Database): number {
  void base
  void current
  return 0
}
