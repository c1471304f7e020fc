/** Entry of a worker process. */
import { Socket } from 'node:net'
import { initProtocol } from '@tidemark/protocol'
import { servePageHashes } from '../pull/page-hashes.ts'
import { servePull } from '../pull/serve-pull.ts'
import { PushBody } from '../push/push-body.ts'
import { receivePush } from '../push/receive-push.ts'
import { PIECE_BYTES, piecesOf } from '../hrana/pieces.ts'
import { ResponseBudget } from '../hrana/response-budget.ts'
import { runCursor } from '../hrana/run-cursor.ts'
import { runPipeline } from '../hrana/run-pipeline.ts'
import { SqlMemory } from '../hrana/sql-memory.ts'
import type { StatementGuard } from '../hrana/statement-guard.ts'
import { CHUNK_BYTES } from '../replica-frames/frame-stream.ts'
import { serveReplica } from '../replica-frames/serve-replica.ts'
import { LargePulls } from '../pull/large-pulls.ts'
import { CallServer } from './call-server.ts'
import type { CallContext, CallHandlers } from './call-server.ts'
import { DatabaseHost } from './database-host.ts'
import { ANSWERS_DESCRIPTOR, CALLS_DESCRIPTOR } from './descriptors.ts'
import { FrameChannel } from './frame-channel.ts'
import { Watchdog } from './watchdog.ts'
import type { DatabaseRef } from './worker-calls.ts'
import type { WorkerSettings } from './worker-settings.ts'

const settings = JSON.parse(process.env['TIDEMARK_WORKER'] ?? '{}') as WorkerSettings
const watchdog = new Watchdog()
/** A part of the worker's memory: what is estimated is smaller than what it takes. */
const answerBytes = Math.max(settings.maxRssBytes / 4, settings.hrana.maxResponseBytes)
const answerMemory = new SqlMemory('answers', answerBytes)
const answerBytesOfDatabase = Math.max(answerBytes / 2, settings.hrana.maxResponseBytes)
/** It is kept longer than answers are, and needed less. */
const storedSqlBytes = settings.maxRssBytes / 8
const storedSqlMemory = new SqlMemory('stored SQL', storedSqlBytes)
const largePulls = new LargePulls(settings.maxRssBytes / 2)
const host = new DatabaseHost(
  settings,
  (databaseId) => storedSqlMemory.shareOf(databaseId, storedSqlBytes / 2),
  (log) => channel.send('log', 0, log),
)

/** A call whose effect nobody has been told of must not be made again: it counts as begun until its answer is out. */
function guardFor(context: CallContext): StatementGuard {
  const { callId, signal } = context
  let hasBegun = false
  return {
    run: (allowanceMs, statement) => watchdog.run(callId, allowanceMs, statement),
    begin: () => {
      if (hasBegun) return
      context.onAnswered(watchdog.begin(callId))
      hasBegun = true
    },
    signal,
  }
}

function budgetFor(context: CallContext, { id }: DatabaseRef): ResponseBudget {
  const memory = answerMemory.shareOf(id, answerBytesOfDatabase)
  const budget = new ResponseBudget(settings.hrana.maxResponseBytes, memory)
  context.onAnswered(() => budget.close())
  return budget
}

// A signal to the whole process group is the main process's business; it tells the workers when to end.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

/** Passes the chunks on and calls `done` when there are no more or nobody wants them. */
async function* until(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  done: () => void,
  onError: (error: unknown) => void = () => {},
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (error) {
    onError(error)
    throw error
  } finally {
    done()
  }
}

const handlers: CallHandlers = {
  async pull({ database: ref, isTidemark, skipBytes, pinnedRevision }, bytes, context) {
    const { signal } = context
    const { tenant, done } = await host.acquire(ref)
    const onError = (error: unknown): void => host.noteFailure(ref.id, tenant, error)
    try {
      const { chunks, isShort, ...result } = await servePull(tenant.database, bytes, {
        isTidemark,
        largePulls,
        kept: tenant.keptPull,
        skipBytes,
        pinnedRevision,
        pushedRows: (echo) => tenant.pushTarget.recent.rowsOf(ref.id, echo),
        maxLongPollMs: settings.maxLongPollMs,
        queryTimeoutMs: settings.hrana.statementTimeoutMs,
        run: (allowanceMs, statement) => watchdog.run(context.callId, allowanceMs, statement),
        signal: AbortSignal.any([signal, tenant.closing, host.draining]),
      })
      if (!isShort) return { result, chunks: until(chunks, done, onError) }
      const whole: Uint8Array[] = []
      for await (const chunk of chunks) whole.push(chunk)
      done()
      return { result, bytes: Buffer.concat(whole) }
    } catch (error) {
      onError(error)
      done()
      throw error
    }
  },

  async push({ database: ref, caller, isWhole }, bytes, context) {
    const body = new PushBody(bytes, settings.push, isWhole)
    context.receive(body)
    return host.use(ref, async ({ pushTarget }) => ({
      result: null,
      bytes: await receivePush(pushTarget, body, caller.party, guardFor(context)),
    }))
  },

  async pageHashes({ database: ref }, bytes) {
    return host.use(ref, async ({ database }) => ({
      result: null,
      bytes: await servePageHashes(database.history, bytes),
    }))
  },

  async replica({ database: ref, request }) {
    const { tenant, done } = await host.acquire(ref)
    const onError = (error: unknown): void => host.noteFailure(ref.id, tenant, error)
    try {
      const { database, generations } = tenant
      const { generation, contentLength, chunks } = serveReplica(database.history, generations, request)
      const place = contentLength > CHUNK_BYTES ? largePulls.begin(0) : null
      const onEnd = (): void => {
        place?.end()
        done()
      }
      return { result: { generation, contentLength }, chunks: until(chunks, onEnd, onError) }
    } catch (error) {
      onError(error)
      done()
      throw error
    }
  },

  async pipeline({ database: ref, caller }, bytes, context) {
    const budget = budgetFor(context, ref)
    return host.use(ref, async ({ streams }) => {
      const answer = Buffer.from(await runPipeline(streams, bytes, budget, caller, guardFor(context)))
      const result = { contentLength: answer.byteLength }
      return answer.byteLength <= PIECE_BYTES
        ? { result, bytes: answer }
        : { result, chunks: piecesOf(answer) }
    })
  },

  async cursor({ database: ref, caller }, bytes, context) {
    const { tenant, done } = await host.acquire(ref)
    context.onAnswered(done)
    const chunks = runCursor(tenant.streams, bytes, budgetFor(context, ref), caller, guardFor(context))
    const first = await chunks.next()
    return { result: null, chunks: startingWith(first, chunks) }
  },

  async status({ database: ref }) {
    return host.use(ref, async ({ database }) => ({ result: database.status() }))
  },

  async release({ databaseId }) {
    await host.release(databaseId)
    return { result: null }
  },

  async ping() {
    return { result: null }
  },

  async drain() {
    host.drain()
    return { result: null }
  },

  async shutdown() {
    await host.close()
    setImmediate(() => channel.end())
    return { result: null }
  },
}

/** Errors of the first step are to be thrown before the answer begins. */
async function* startingWith(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.done !== true) yield first.value
  yield* rest
}

await Promise.all([watchdog.start(settings), initProtocol()])
const calls = new CallServer(handlers, () => channel)
const channel = new FrameChannel(
  {
    input: new Socket({ fd: CALLS_DESCRIPTOR, readable: true, writable: false }),
    output: new Socket({ fd: ANSWERS_DESCRIPTOR, readable: false, writable: true }),
  },
  (frame) => calls.receive(frame),
  () => {
    // Everything is closed then. Leaving in good order would wait for the watchdog's thread.
    void host.close().finally(() => process.kill(process.pid, 'SIGKILL'))
  },
)
