import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { encodeFrameHead } from './frame.ts'
import type { Frame } from './frame.ts'
import { FrameChannel } from './frame-channel.ts'

/** Answers once, and ends. */
const ANSWER_AND_END = `
  const { writeSync } = require('node:fs')
  writeSync(4, Buffer.from(process.argv[1], 'base64'))
  process.kill(process.pid, 'SIGKILL')
`

/** This process does nothing else meanwhile, as when it is busy. */
function waitForEnd({ pid }: ChildProcess): void {
  const until = performance.now() + 20_000
  const isRunning = (): boolean => !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  while (isRunning()) if (performance.now() > until) throw new Error('It does not end')
}

test.skipIf(process.platform !== 'linux')(
  'what a process has answered before its end arrives, also when something was sent to it since',
  async () => {
    const answer = encodeFrameHead({ kind: 'result', callId: 7, json: 'done', bytes: new Uint8Array(0) })
    const child = spawn(process.execPath, ['-e', ANSWER_AND_END, answer.toString('base64')], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'],
    })
    const stdio = child.stdio as readonly unknown[] as readonly Duplex[]
    const frames: Frame[] = []
    const channel = new FrameChannel(
      { input: stdio[4]!, output: stdio[3]! },
      (frame) => frames.push(frame),
      () => {},
    )
    const closed = once(child, 'close')
    waitForEnd(child)
    channel.send('credit', 7)
    await closed
    expect(frames).toMatchObject([{ kind: 'result', callId: 7, json: 'done' }])
  },
)
