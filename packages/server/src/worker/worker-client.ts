import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { BusyError } from '@tidemark/protocol'
import type { BodyPart } from '../push/push-body.ts'
import { explainTooManyFiles } from '../too-many-files.ts'
import { ANSWERS_DESCRIPTOR, CALLS_DESCRIPTOR, VERDICT_DESCRIPTOR } from './descriptors.ts'
import { FrameChannel } from './frame-channel.ts'
import type { Frame } from './frame.ts'
import { siblingModule } from './sibling-module.ts'
import { QuietTimes } from './quiet-times.ts'
import type { CallNews } from './quiet-times.ts'
import type { Verdict } from './watchdog-memory.ts'
import type { CallName, WorkerCall, WorkerCalls } from './worker-calls.ts'
import { fromWireError } from './wire-error.ts'
import type { WireError } from './wire-error.ts'
import type { WorkerLimits, WorkerSettings } from './worker-settings.ts'

const WORKER_LOST = 'TIDEMARK_WORKER_LOST'
/** Where the machine cannot start a process: what it lacks has to be given back first. */
const RETRY_AFTER_MS = 10_000

/** The worker ended before it answered. */
export class WorkerLostError extends BusyError {
  /** Null where it did not end itself. */
  readonly verdict: Verdict | null
  readonly callId: number
  constructor(callId: number, verdict: Verdict | null) {
    super('The process that served the database ended', { code: WORKER_LOST })
    this.callId = callId
    this.verdict = verdict
  }
}

/** What a call sends besides its arguments. */
export interface CallRequest {
  readonly bytes?: Uint8Array
  /** What follows the bytes; such a call is made once only. Null: nothing. */
  readonly rest?: AsyncIterable<BodyPart> | null
  readonly signal?: AbortSignal
}

export interface WorkerAnswer<N extends CallName> {
  readonly result: WorkerCalls[N]['result']
  /** The whole answer; empty for one that comes in pieces. */
  readonly bytes: Uint8Array
  /** The same in pieces; one for an answer that came whole. To be read to its end, or returned from. */
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface WorkerLog {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly [field: string]: unknown
}

interface PendingCall {
  readonly onFrame: (frame: Frame) => void
  readonly onLost: (error: WorkerLostError) => void
}

interface OpenStream {
  readonly chunks: Pick<Frame, 'bytes' | 'isPart'>[]
  isEnded: boolean
  error: Error | null
  wake: (() => void) | null
}

/**
 * A worker's garbage is mostly page images and rows, which die young: a small nursery, fewer arenas, less
 * memory. Buffers outside the heap count against its size, which is small, so that a large answer set off a
 * collection of the whole heap each few megabytes: the first comes later.
 */
const NODE_FLAGS = ['--max-semi-space-size=4', '--initial-old-space-size=32']
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2' }

/** Where this process keeps the compiled code of its modules, its workers do so too. */
function compileCache(): { readonly NODE_COMPILE_CACHE?: string } {
  const directory = getCompileCacheDir()
  // Node appends its version to what it is given.
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) }
}

const NO_BYTES = new Uint8Array(0)

function notStarted(cause: unknown): BusyError {
  return new BusyError('The process that serves the database could not be started', {
    code: WORKER_LOST,
    cause,
    retryAfterMs: RETRY_AFTER_MS,
  })
}

function inOnePiece<T extends { readonly bytes: Uint8Array }>(
  answer: T,
): T & { readonly chunks: AsyncIterable<Uint8Array> } {
  return { ...answer, chunks: piecesOf(answer.bytes) }
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes
}

/** One worker process, seen from the main process. */
export class WorkerClient {
  readonly exited: Promise<void>
  readonly #process: ChildProcess
  readonly #channel: FrameChannel
  readonly #onLog: (log: WorkerLog) => void
  readonly #pending = new Map<number, PendingCall>()
  readonly #quietTimes = new QuietTimes()
  #nextCallId = 1
  #verdict: Verdict | null = null
  #isLost = false

  /** @throws BusyError when it cannot be started; `TIDEMARK_TOO_MANY_FILES` where there are no descriptors for it */
  static async start(settings: WorkerLimits, onLog: (log: WorkerLog) => void): Promise<WorkerClient> {
    const complete: WorkerSettings = { ...settings, mainProcessId: process.pid }
    try {
      const worker = spawn(
        process.execPath,
        [...NODE_FLAGS, fileURLToPath(siblingModule('worker-main', import.meta.url))],
        {
          stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
          env: {
            ...process.env,
            ...ENVIRONMENT,
            ...compileCache(),
            TIDEMARK_WORKER: JSON.stringify(complete),
          },
        },
      )
      await once(worker, 'spawn')
      return new WorkerClient(worker, onLog)
    } catch (error) {
      onLog({ level: 'error', message: 'worker could not be started', reason: String(error) })
      throw explainTooManyFiles(error) ?? notStarted(error)
    }
  }

  private constructor(worker: ChildProcess, onLog: (log: WorkerLog) => void) {
    this.#onLog = onLog
    this.#process = worker
    const stdio = this.#process.stdio as readonly unknown[] as readonly (Duplex & Readable)[]
    this.#channel = new FrameChannel(
      { input: stdio[ANSWERS_DESCRIPTOR]!, output: stdio[CALLS_DESCRIPTOR]! },
      (frame) => this.#receive(frame),
      () => {},
    )
    this.#readVerdict(stdio[VERDICT_DESCRIPTOR]!)
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      onLog({ level: 'error', message: 'worker wrote to its standard error', text })
    })
    // As where it cannot be killed; without a listener that would end this process.
    this.#process.on('error', (error) => {
      onLog({ level: 'error', message: 'worker process', reason: String(error) })
    })
    this.exited = new Promise((resolve) => {
      this.#process.once('close', () => {
        this.#lose()
        resolve()
      })
    })
  }

  get processId(): number | undefined {
    return this.#process.pid
  }

  get pendingCalls(): number {
    return this.#pending.size
  }

  /**
   * @throws WorkerLostError when the process ends first; the errors of `rest`; otherwise what the worker answers
   */
  async call<N extends CallName>(
    name: N,
    args: WorkerCalls[N]['args'],
    { bytes = NO_BYTES, rest = null, signal }: CallRequest = {},
  ): Promise<WorkerAnswer<N>> {
    const callId = this.#nextCallId
    this.#nextCallId = callId === 0x7fff_ffff ? 1 : callId + 1
    if (this.#isLost) throw new WorkerLostError(callId, null)
    signal?.throwIfAborted()
    const asked = { name, args } as WorkerCall
    const known = this.#quietTimes.answerTo(asked, bytes)
    if (known !== null) return inOnePiece(known)
    const { answer, fail, stream } = this.#expect<N>(callId, this.#quietTimes.begin(asked, bytes), signal)
    this.#channel.send('call', callId, asked, bytes)
    if (rest !== null) {
      void this.#sendPieces(callId, rest, stream).catch((error: Error) => {
        this.#channel.send('cancel', callId)
        fail(error)
      })
    }
    return answer
  }

  /**
   * The answer to a call that is about to be sent. Does not know what is sent: that would be kept for as long
   * as the answer is taken.
   */
  #expect<N extends CallName>(
    callId: number,
    news: CallNews,
    signal: AbortSignal | undefined,
  ): {
    readonly answer: Promise<WorkerAnswer<N>>
    readonly fail: (error: Error) => void
    readonly stream: OpenStream
  } {
    const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer<N>>()
    const stream: OpenStream = { chunks: [], isEnded: false, error: null, wake: null }
    const cancel = (): void => this.#channel.send('cancel', callId)
    const settle = (): void => {
      if (this.#pending.delete(callId)) news.ended()
      signal?.removeEventListener('abort', cancel)
      stream.isEnded = true
      stream.wake?.()
    }
    const fail = (error: Error): void => {
      stream.error = error
      settle()
      reject(error)
    }
    const onFrame = (frame: Frame): void => {
      if (frame.kind === 'error') fail(fromWireError(frame.json as WireError))
      else if (frame.kind === 'chunk') {
        stream.chunks.push(frame)
        stream.wake?.()
      } else if (frame.kind === 'head') {
        const answer = { result: frame.json as WorkerCalls[N]['result'], bytes: NO_BYTES }
        news.answered(answer)
        resolve({ ...answer, chunks: this.#chunks(callId, stream) })
      } else {
        settle()
        if (frame.kind === 'result') {
          const answer = { result: frame.json as WorkerCalls[N]['result'], bytes: frame.bytes }
          news.answered(answer)
          resolve(inOnePiece(answer))
        }
      }
    }
    this.#pending.set(callId, { onFrame, onLost: fail })
    signal?.addEventListener('abort', cancel)
    return { answer: promise, fail, stream }
  }

  /** Until all are sent, or the call has ended. */
  async #sendPieces(callId: number, pieces: AsyncIterable<BodyPart>, call: OpenStream): Promise<void> {
    for await (const piece of pieces) {
      if (call.isEnded) return
      if (piece instanceof Uint8Array) this.#channel.send('piece', callId, undefined, piece)
      else this.#channel.send('piece', callId, piece)
    }
    this.#channel.send('end', callId)
  }

  /** Ends the process at once. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  async *#chunks(callId: number, stream: OpenStream): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = stream.chunks.shift()
        if (chunk !== undefined) {
          yield chunk.bytes
          if (chunk.isPart !== true) this.#channel.send('credit', callId)
        } else if (stream.error !== null) throw stream.error
        else if (stream.isEnded) return
        else {
          await new Promise<void>((resolve) => {
            stream.wake = resolve
          })
        }
      }
    } finally {
      if (!stream.isEnded) this.#channel.send('cancel', callId)
    }
  }

  #receive(frame: Frame): void {
    if (frame.kind === 'log') this.#onLog(frame.json as WorkerLog)
    else this.#pending.get(frame.callId)?.onFrame(frame)
  }

  #readVerdict(stream: Readable): void {
    let text = ''
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    stream.on('end', () => {
      if (text !== '') this.#verdict = JSON.parse(text) as Verdict
    })
    stream.on('error', () => {})
  }

  #lose(): void {
    this.#isLost = true
    this.#channel.close()
    for (const [callId, call] of this.#pending) call.onLost(new WorkerLostError(callId, this.#verdict))
    this.#pending.clear()
  }
}
