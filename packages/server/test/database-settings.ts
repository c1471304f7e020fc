import type { DatabaseSettings } from '../src/database/database.ts'

const MIB = 1024 * 1024

/** Of a small database that keeps its history, and checkpoints often. */
export const SETTINGS: DatabaseSettings = {
  durability: 'normal',
  maxDatabaseBytes: 64 * MIB,
  retention: { bytes: 64 * MIB, ageMs: Infinity },
  segmentBytes: MIB,
  checkpointFrames: 50,
  lockWaitMs: 2000,
}
