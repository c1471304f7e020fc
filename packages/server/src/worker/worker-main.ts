/** Entry of a worker process. */
import { Socket } from 'node:net'
import { initProtocol } from '@tidemark/protocol'
import { servePageHashes } from '../pull/page-hashes.ts'
import { servePull } from '../pull/serve-pull.ts'
import { PushBody } from '../push/push-body.ts'
import { receivePush } from '../push/receive-push.ts'
import { runCursor } from '../hrana/run-cursor.ts'
import { runPipeline } from '../hrana/run-pipeline.ts'
import type { StatementGuard } from '../hrana/statement-guard.ts'
import { CallServer } from './call-server.ts'
import type { CallContext, CallHandlers } from './call-server.ts'
import { DatabaseHost } from './database-host.ts'
import { FRAMES_DESCRIPTOR } from './descriptors.ts'
import { FrameChannel } from './frame-channel.ts'
import { Watchdog } from './watchdog.ts'
import type { WorkerSettings } from './worker-settings.ts'

const settings = JSON.parse(process.env['TIDEMARK_WORKER'] ?? '{}') as WorkerSettings
const watchdog = new Watchdog()
const host = new DatabaseHost(settings, (log) => channel.send('log', 0, log))

/** A guard for the call, and what to do when the call has ended. */
function guardFor({ callId, signal }: CallContext): {
  readonly guard: StatementGuard
  readonly done: () => void
} {
  let done: (() => void) | null = null
  const guard: StatementGuard = {
    run: (allowanceMs, statement) => watchdog.run(callId, allowanceMs, statement),
    begin: () => {
      done ??= watchdog.begin(callId)
    },
    signal,
  }
  return { guard, done: () => done?.() }
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
  async pull({ database: ref, isTidemark, skipBytes, pinnedRevision }, bytes, { signal }) {
    const { tenant, done } = await host.acquire(ref)
    const onError = (error: unknown): void => host.noteFailure(ref.id, tenant, error)
    try {
      const { revision, contentLength, chunks } = await servePull(tenant.database, bytes, {
        isTidemark,
        skipBytes,
        pinnedRevision,
        maxLongPollMs: settings.maxLongPollMs,
        signal: AbortSignal.any([signal, tenant.closing, host.draining]),
      })
      return { result: { revision, contentLength }, chunks: until(chunks, done, onError) }
    } catch (error) {
      onError(error)
      done()
      throw error
    }
  },

  async push({ database: ref, caller, file }, bytes, context) {
    const body = new PushBody(file ?? bytes, settings.push)
    const { guard } = guardFor(context)
    return host.use(ref, async ({ database, pushTarget }) => ({
      result: null,
      bytes: await receivePush(database, pushTarget, body, settings.push, caller.party, guard),
    }))
  },

  async pageHashes({ database: ref }, bytes) {
    return host.use(ref, async ({ database }) => ({
      result: null,
      bytes: await servePageHashes(database.history, bytes),
    }))
  },

  async pipeline({ database: ref, caller }, bytes, context) {
    const { guard, done } = guardFor(context)
    try {
      return await host.use(ref, async ({ streams }) => ({
        result: null,
        bytes: Buffer.from(await runPipeline(streams, bytes, settings.hrana.maxResponseBytes, caller, guard)),
      }))
    } finally {
      done()
    }
  },

  async cursor({ database: ref, caller }, bytes, context) {
    const { guard, done } = guardFor(context)
    const { tenant, done: release } = await host.acquire(ref)
    const finish = (): void => {
      done()
      release()
    }
    try {
      const chunks = runCursor(tenant.streams, bytes, settings.hrana.maxResponseBytes, caller, guard)
      const first = await chunks.next()
      return { result: null, chunks: until(startingWith(first, chunks), finish) }
    } catch (error) {
      finish()
      throw error
    }
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

watchdog.start(settings)
const calls = new CallServer(handlers, () => channel)
await initProtocol()
const channel = new FrameChannel(
  new Socket({ fd: FRAMES_DESCRIPTOR, readable: true, writable: true }),
  (frame) => calls.receive(frame),
  () => {
    // Everything is closed then. Leaving in good order would wait for the watchdog's thread.
    void host.close().finally(() => process.kill(process.pid, 'SIGKILL'))
  },
)
