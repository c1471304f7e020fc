import { classifyStatement } from '@tidemark/engine'
import type { HranaBatch } from '@tidemark/protocol'

const WATERMARK_TABLE = 'turso_sync_last_change_id'

/**
 * Whether the batch is a push of a Turso client: it begins with BEGIN IMMEDIATE and writes the table of last change ids. Such
 * clients guard each step with `not(is_autocommit)` alone, so a step that fails does not stop those after it, nor the COMMIT. For such a
 * batch the server undoes the transaction at the first failure; the rest then skips itself, and nothing is lost.
 */
export function isTursoPush(batch: HranaBatch, textOf: (step: number) => string): boolean {
  if (batch.steps.length < 2 || !/^\s*begin\s+immediate\b/i.test(textOf(0))) return false
  return batch.steps.some((_, step) => {
    const sql = textOf(step)
    return sql.includes(WATERMARK_TABLE) && classifyStatement(sql).kind === 'dml'
  })
}

/** Turso clients repeat ALTER TABLE … ADD COLUMN and expect it to fail where the column is there already. */
export function isToleratedFailure(sql: string): boolean {
  return /^\s*alter\s+table\b[\s\S]+\badd\b/i.test(sql) && classifyStatement(sql).kind === 'schema'
}
