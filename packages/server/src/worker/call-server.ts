import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { BusyError } from '@tidemark/protocol'
import type { BodyPart, FileRange } from '../push/push-body.ts'
import type { CallName, WorkerCalls } from './worker-calls.ts'
import { toWireError } from './to-wire-error.ts'
import type { Frame } from './frame.ts'
import type { FrameChannel } from './frame-channel.ts'

/** Chunks of a call that may be on their way to a main process whose reader has not taken them. */
export const CHUNKS_OF_A_CALL = 8
/** The same of all calls together; one that has none on its way may send one nevertheless. */
export const CHUNKS_OF_ALL = 256

export interface CallContext {
  readonly callId: number
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Where the pieces of the call's bytes are to go. To be called before the handler first waits. */
  receive(sink: PieceSink): void
  /**
   * `release` is called once the answer, or why there is none, has left this process: until then it is lost
   * where the process ends.
   */
  readonly onAnswered: (release: () => void) => void
}

/** Takes the bytes of a call that follow it in pieces. */
export interface PieceSink {
  add(piece: BodyPart): void
  end(): void
}

interface WholeAnswer<N extends CallName> {
  readonly result: WorkerCalls[N]['result']
  readonly bytes?: Uint8Array
}

interface StreamedAnswer<N extends CallName> {
  readonly result: WorkerCalls[N]['result']
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** A short answer of a call that streams may come whole: each piece wakes both processes and the client. */
type Answer<N extends CallName> = WorkerCalls[N]['streams'] extends true
  ? StreamedAnswer<N> | WholeAnswer<N>
  : WholeAnswer<N>

export type CallHandlers = {
  readonly [N in CallName]: (
    args: WorkerCalls[N]['args'],
    bytes: Uint8Array,
    context: CallContext,
  ) => Promise<Answer<N>>
}

interface ActiveCall {
  readonly abort: AbortController
  sink: PieceSink | null
  /** Chunks that the main process has not given a credit for. */
  underWay: number
  wake: (() => void) | null
  readonly releases: (() => void)[]
}

/** Answers the main process's calls. */
export class CallServer {
  readonly #handlers: CallHandlers
  readonly #channel: () => FrameChannel
  readonly #active = new Map<number, ActiveCall>()
  /** Of all calls that are active. */
  #underWay = 0

  constructor(handlers: CallHandlers, channel: () => FrameChannel) {
    this.#handlers = handlers
    this.#channel = channel
  }

  receive(frame: Frame): void {
    const call = this.#active.get(frame.callId)
    if (frame.kind === 'call') this.#begin(frame)
    else if (frame.kind === 'piece')
      call?.sink?.add(frame.json === undefined ? frame.bytes : (frame.json as FileRange))
    else if (frame.kind === 'end') call?.sink?.end()
    else if (frame.kind === 'credit' && call !== undefined) {
      this.#takeBack(call, 1)
      call.wake?.()
    } else if (frame.kind === 'cancel' && call !== undefined) {
      call.abort.abort()
      call.wake?.()
    }
  }

  #begin(frame: Frame): void {
    const call: ActiveCall = {
      abort: new AbortController(),
      sink: null,
      underWay: 0,
      wake: null,
      releases: [],
    }
    this.#active.set(frame.callId, call)
    void this.#send(frame.callId, call, this.#answerTo(frame, call))
  }

  async #answerTo(
    { callId, json, bytes }: Frame,
    call: ActiveCall,
  ): Promise<StreamedAnswer<CallName> | WholeAnswer<CallName>> {
    const { name, args } = json as { name: CallName; args: never }
    return this.#handlers[name](args, bytes, {
      callId,
      signal: call.abort.signal,
      receive: (sink) => {
        call.sink = sink
      },
      onAnswered: (release) => call.releases.push(release),
    })
  }

  /** Does not know the question: its bytes would be kept for as long as the answer is taken. */
  async #send(
    callId: number,
    call: ActiveCall,
    answering: Promise<StreamedAnswer<CallName> | WholeAnswer<CallName>>,
  ): Promise<void> {
    const channel = this.#channel()
    try {
      const answer = await answering
      if ('chunks' in answer) await this.#stream(callId, call, answer)
      else channel.send('result', callId, answer.result, answer.bytes)
    } catch (error) {
      channel.send('error', callId, toWireError(error))
    } finally {
      this.#active.delete(callId)
      this.#takeBack(call, call.underWay)
      channel.whenSent(() => {
        for (const release of call.releases) release()
      })
    }
  }

  async #stream(
    callId: number,
    call: ActiveCall,
    answer: { readonly result: unknown; readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array> },
  ): Promise<void> {
    const channel = this.#channel()
    channel.send('head', callId, answer.result)
    for await (const chunk of answer.chunks) {
      while (!this.#maySend(call) && !call.abort.signal.aborted) {
        await new Promise<void>((resolve) => {
          call.wake = resolve
        })
      }
      if (call.abort.signal.aborted) throw new BusyError('The call was cancelled')
      call.underWay += 1
      this.#underWay += 1
      channel.send('chunk', callId, undefined, chunk)
      await nextTurnOfLoop()
    }
    channel.send('end', callId)
  }

  /** Who waits for the others has a chunk under way itself, and looks again when it is taken. */
  #maySend({ underWay }: ActiveCall): boolean {
    return underWay === 0 || (underWay < CHUNKS_OF_A_CALL && this.#underWay < CHUNKS_OF_ALL)
  }

  #takeBack(call: ActiveCall, chunks: number): void {
    call.underWay -= chunks
    this.#underWay -= chunks
  }
}
