import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { CallServer } from './call-server.ts'
import type { CallContext, CallHandlers } from './call-server.ts'
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
    socket,
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
