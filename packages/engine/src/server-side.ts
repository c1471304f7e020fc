/**
 * What a server needs: WALs, SQL text, pushes. It is a face of its own because each worker process loads all
 * that its modules name before it answers anybody, and the rest of this package, which is replicas, is twice
 * as much.
 */
export { readBackfilledFrames, readPageNumbers, readWalIndexHeader } from './wal/wal-index.ts'
export type { WalIndexHeader } from './wal/wal-index.ts'
export { WalFile, writeFully } from './wal/wal-file.ts'
export type { WalFrame } from './wal/wal-file.ts'
export { makeRoom } from './wal/wal-room.ts'

export { splitStatements, statementsIn } from './sql/split-statements.ts'
export { classifyStatement } from './sql/classify-statement.ts'
export type { StatementClass } from './sql/classify-statement.ts'
export { schemaNames } from './sql/schema-names.ts'
export { isOperational, sqliteCode } from './sql/sqlite-error.ts'
export { isKeyword, nameOf, tokenize } from './sql/tokens.ts'
export type { Token } from './sql/tokens.ts'

export { ApplyConnection } from './apply/apply-connection.ts'
export { applySchemaChange } from './apply/apply-schema-change.ts'
export { applyPush } from './apply/apply-push.ts'
export type { PushInput } from './apply/apply-push.ts'
export { OpenPush } from './apply/open-push.ts'
export type { PushOutcome } from './apply/push-outcome.ts'
export type { ConflictLimits } from './apply/conflict-log.ts'
