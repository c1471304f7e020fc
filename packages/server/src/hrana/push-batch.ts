import { classifyStatement } from '@tidemark/engine/server-side'
import type { HranaBatch } from '@tidemark/protocol'

export const WATERMARK_TABLE = 'turso_sync_last_change_id'

/**
 * Whether the batch is a push of a Turso client: one transaction, from BEGIN IMMEDIATE to COMMIT, that writes
 * the table of last change ids. What its statements say is otherwise open.
 */
export function isTursoPush(batch: HranaBatch, textOf: (step: number) => string): boolean {
  if (batch.steps.length < 3 || !/^\s*begin\s+immediate\b/i.test(textOf(0))) return false
  let writesWatermark = false
  let commits = false
  for (let step = 1; step < batch.steps.length; step++) {
    const sql = textOf(step)
    if (sql.includes(WATERMARK_TABLE)) writesWatermark ||= classifyStatement(sql).kind === 'dml'
    else commits ||= /^\s*(?:commit|end)\b/i.test(sql)
  }
  return writesWatermark && commits
}

/**
 * Turso clients repeat ALTER TABLE … ADD COLUMN and take no notice when it fails: rolling back then would
 * lose their changes unseen.
 */
export function isToleratedFailure(sql: string): boolean {
  return /^\s*alter\s+table\b[\s\S]+\badd\b/i.test(sql) && classifyStatement(sql).kind === 'schema'
}
