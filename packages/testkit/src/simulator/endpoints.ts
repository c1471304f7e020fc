import {
  PushBody,
  receivePush,
  ResponseBudget,
  runPipeline,
  servePageHashes,
  servePull,
  SqlMemory,
} from '@tidemark/server/storage'
import type { Database, PushTarget, StreamRegistry } from '@tidemark/server/storage'

const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** An open database, as a worker has it. */
export interface Tenant {
  readonly id: string
  readonly database: Database
  readonly target: PushTarget
  readonly streams: StreamRegistry
}

export interface SimulatedRequest {
  readonly path: string
  readonly body: Uint8Array
  /** In the Tidemark dialect, not in Turso's. */
  readonly isTidemark: boolean
}

/** The body of an answer, made by what makes it in a worker. @throws TidemarkError, SqliteError */
export async function respond(tenant: Tenant, request: SimulatedRequest): Promise<Uint8Array<ArrayBuffer>> {
  const { id, database, target, streams } = tenant
  const { path, body, isTidemark } = request
  const { signal } = new AbortController()
  const run = <T>(_allowanceMs: number, statement: () => T): T => statement()
  const guard = { run, begin: () => {}, signal }
  if (path.endsWith('/pull-updates')) {
    const { chunks } = await servePull(database, body, {
      isTidemark,
      largePulls: null,
      kept: null,
      maxLongPollMs: 0,
      pinnedRevision: null,
      skipBytes: 0,
      pushedRows: (echo) => target.recent.rowsOf(id, echo),
      queryTimeoutMs: 1000,
      run,
      signal,
    })
    const answer: Uint8Array[] = []
    for await (const chunk of chunks) answer.push(chunk)
    return Uint8Array.from(Buffer.concat(answer))
  }
  if (path.endsWith('/page-hashes')) return Uint8Array.from(await servePageHashes(database.history, body))
  if (path.endsWith('/pipeline')) {
    const budget = new ResponseBudget(MAX_ANSWER_BYTES, new SqlMemory('answers', MAX_ANSWER_BYTES))
    const caller = { party: 'somebody', access: 'write' } as const
    return Uint8Array.from(Buffer.from(await runPipeline(streams, body, budget, caller, guard)))
  }
  const push = arriving(body, target)
  return Uint8Array.from(await receivePush(target, push, 'somebody', guard))
}

/** A push is here whole, or arrives in two pieces; which of it, its length decides. */
function arriving(body: Uint8Array, { settings }: PushTarget): PushBody {
  if (body.length % 2 === 0) return new PushBody(body, settings)
  const half = body.length >> 1
  const push = new PushBody(body.subarray(0, half), settings, false)
  setImmediate(() => {
    push.add(body.subarray(half))
    push.end()
  })
  return push
}
