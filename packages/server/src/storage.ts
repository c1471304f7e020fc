/**
 * The server's databases without HTTP and without worker processes, for programs that hold a database
 * themselves: tests that decide what happens between a commit and its answer.
 */
export { Catalog } from './catalog/catalog.ts'
export { Database } from './database/database.ts'
export type { DatabaseEvents, DatabaseSettings } from './database/database.ts'
export { ResponseBudget } from './hrana/response-budget.ts'
export { runPipeline } from './hrana/run-pipeline.ts'
export { SqlMemory } from './hrana/sql-memory.ts'
export { StreamRegistry } from './hrana/stream-registry.ts'
export { errorResponse } from './http/error-response.ts'
export { servePageHashes } from './pull/page-hashes.ts'
export { servePull } from './pull/serve-pull.ts'
export { PushBody } from './push/push-body.ts'
export type { PushSettings } from './push/push-settings.ts'
export { PushTarget } from './push/push-target.ts'
export { RecentPushes } from './push/recent-pushes.ts'
export { receivePush } from './push/receive-push.ts'
export { Generations } from './replica-frames/generations.ts'
