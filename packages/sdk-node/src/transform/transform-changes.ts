import BetterSqlite3 from 'better-sqlite3'
import { readCaptured, toWireChange } from '@tidemark/engine'
import type { BeforeImages, CapturedRow, PushSource, Replica } from '@tidemark/engine'
import type { Change } from '@tidemark/protocol'
import { TransformError } from '../errors/transform-error.ts'
import { mutationOf } from './mutation-of.ts'
import type { Transform, TransformDecision } from './mutation.ts'
import { Scratch } from './scratch.ts'

/** The changes of a batch as the transform hook wants them sent. Asks the hook anew each time it is read. */
export function* transformChanges(
  replica: Replica,
  source: PushSource,
  transform: Transform,
  images: BeforeImages,
): Generator<Change, void, undefined> {
  const reader = new BetterSqlite3(replica.path, { readonly: true })
  let scratch: Scratch | null = null
  try {
    for (const captured of readCaptured(reader, source.firstChangeId - 1)) {
      if (captured.changeId > source.lastChangeId) return
      const change = toWireChange(captured, images)
      if (change === null) continue
      if (captured.kind === 'schema' || captured.kind === 'commit') {
        yield change
        continue
      }
      const decision = decide(transform, captured)
      if (decision === null) {
        yield change
      } else if (decision.operation === 'rewrite') {
        scratch ??= new Scratch(replica.path, images)
        const rewritten = scratch.rewrite(captured, decision.stmt.sql, decision.stmt.values)
        if (rewritten !== null) yield rewritten
      }
    }
  } finally {
    scratch?.close()
    reader.close()
  }
}

function decide(transform: Transform, captured: CapturedRow): TransformDecision {
  let decision: unknown
  try {
    decision = transform(mutationOf(captured)) ?? null
  } catch (cause) {
    throw new TransformError(captured.changeId, 'the hook threw', { cause })
  }
  if (decision === null || isDecision(decision)) return decision
  throw new TransformError(
    captured.changeId,
    'expected null, { operation: "skip" } or { operation: "rewrite", stmt }',
  )
}

function isDecision(value: unknown): value is NonNullable<TransformDecision> {
  if (typeof value !== 'object' || value === null || !('operation' in value)) return false
  if (value.operation === 'skip') return true
  if (value.operation !== 'rewrite' || !('stmt' in value)) return false
  const { stmt } = value
  return (
    typeof stmt === 'object' &&
    stmt !== null &&
    'sql' in stmt &&
    typeof stmt.sql === 'string' &&
    'values' in stmt &&
    Array.isArray(stmt.values)
  )
}
