import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { CallServer, CHUNKS_OF_A_CALL, CHUNKS_OF_ALL } from './call-server.ts'
import type { CallContext, CallHandlers } from './call-server.ts'
import type { Frame, FrameKind } from './frame.ts'
import { FrameChannel } from './frame-channel.ts'

/** A socket whose other end takes nothing until it is told to. */
class FullSocket extends Duplex {
  readonly #waiting: (() => void)[] = []
  #isOpen = false

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: BufferEncoding, callback: () => void): void {
    if (this.#isOpen) callback()
    else this.#waiting.push(callback)
  }

  drain(): void {
    this.#isOpen = true
    for (const callback of this.#waiting.splice(0)) callback()
  }
}

test.each([
  ['an answer', async () => ({ result: null })],
  ['an answer in pieces', async () => ({ result: null, chunks: [Buffer.from('a'), Buffer.from('b')] })],
  ['why there is none', async () => Promise.reject(new Error('failed'))],
])('a call is over when %s has left the process, not before', async (_, answer) => {
  const socket = new FullSocket()
  const channel = new FrameChannel(
    { input: socket, output: socket },
    () => {},
    () => {},
  )
  let isReleased = false
  let onAsked = (): void => {}
  const asked = new Promise<void>((resolve) => {
    onAsked = resolve
  })
  const handler = async (_args: unknown, _bytes: unknown, context: CallContext): Promise<unknown> => {
    context.onAnswered(() => {
      isReleased = true
    })
    onAsked()
    return answer()
  }
  const calls = new CallServer({ cursor: handler } as unknown as CallHandlers, () => channel)
  calls.receive({ kind: 'call', callId: 1, json: { name: 'cursor', args: {} }, bytes: new Uint8Array(0) })
  await asked
  await expect.poll(() => socket.writableLength).toBeGreaterThan(0)
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(isReleased).toBe(false)
  socket.drain()
  await expect.poll(() => isReleased).toBe(true)
})

test('however many calls stream, the chunks that nobody has taken yet are bounded in all, and each call has one', async () => {
  const sent = new Map<number, number>()
  const channel = {
    send: (kind: FrameKind, callId: number) => {
      if (kind === 'chunk') sent.set(callId, (sent.get(callId) ?? 0) + 1)
    },
    whenSent: () => {},
  } as unknown as FrameChannel
  let asked = 0
  const chunks = function* (): Generator<Uint8Array> {
    for (;;) {
      asked += 1
      yield new Uint8Array(0)
    }
  }
  const handler = async (): Promise<unknown> => ({ result: null, chunks: chunks() })
  const calls = new CallServer({ pull: handler } as unknown as CallHandlers, () => channel)
  const frame = (kind: FrameKind, callId: number): Frame => ({
    kind,
    callId,
    json: { name: 'pull', args: {} },
    bytes: new Uint8Array(0),
  })
  const settled = async (): Promise<void> => {
    for (let before = -1; before !== asked;) {
      before = asked
      await new Promise(setImmediate)
      await new Promise(setImmediate)
    }
  }
  const all = (): number => [...sent.values()].reduce((sum, count) => sum + count, 0)
  calls.receive(frame('call', 0))
  await settled()
  expect(all()).toBe(CHUNKS_OF_A_CALL)
  for (let callId = 1; callId < 2 * CHUNKS_OF_ALL; callId++) calls.receive(frame('call', callId))
  await settled()
  expect(sent.size).toBe(2 * CHUNKS_OF_ALL)
  expect(all()).toBe(CHUNKS_OF_A_CALL + 2 * CHUNKS_OF_ALL - 1)
  calls.receive(frame('credit', 1))
  await settled()
  expect(sent.get(1)).toBe(2)
  for (let callId = 2; callId < 2 * CHUNKS_OF_ALL; callId++) calls.receive(frame('cancel', callId))
  await settled()
  calls.receive(frame('credit', 1))
  await settled()
  expect(sent.get(1)).toBe(2 + CHUNKS_OF_A_CALL)
})
