import { BusyError } from '@tidemark/protocol'
import { describe, expect, test } from 'vitest'
import { TurnQueue } from './turn-queue.ts'

const LONG_MS = 60_000

/** Lets everything that can run without time passing run. */
async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}

describe('turn queue', () => {
  test('one holder at a time', async () => {
    const queue = new TurnQueue()
    const first = await queue.acquire('a', LONG_MS)
    let isSecond = false
    const second = queue.acquire('b', LONG_MS).then((turn) => {
      isSecond = true
      return turn
    })
    await settled()
    expect(isSecond).toBe(false)
    first.release()
    ;(await second).release()
    expect(queue.isHeld).toBe(false)
  })

  test('a party with many requests delays another by one', async () => {
    const queue = new TurnQueue()
    const holder = await queue.acquire('greedy', LONG_MS)
    const served: string[] = []
    const wait = async (party: string, label: string): Promise<void> => {
      const turn = await queue.acquire(party, LONG_MS)
      served.push(label)
      turn.release()
    }
    const all = [1, 2, 3, 4].map(async (n) => wait('greedy', `greedy ${n}`))
    all.push(wait('modest', 'modest 1'), wait('modest', 'modest 2'))
    holder.release()
    await Promise.all(all)
    expect(served).toEqual(['greedy 1', 'modest 1', 'greedy 2', 'modest 2', 'greedy 3', 'greedy 4'])
  })

  test('whoever waits longer than the deadline gets a busy error and is passed over', async () => {
    const queue = new TurnQueue()
    const holder = await queue.acquire('a', LONG_MS)
    await expect(queue.acquire('b', 1)).rejects.toThrow(BusyError)
    expect(queue.waiting).toBe(0)
    holder.release()
    expect(queue.isHeld).toBe(false)
  })

  test('whoever has given up before is busy as well, also where nobody holds the turn', async () => {
    const queue = new TurnQueue()
    await expect(queue.acquire('a', LONG_MS, AbortSignal.abort())).rejects.toThrow(BusyError)
    expect(queue.isHeld).toBe(false)
  })

  test('whoever gives up is passed over', async () => {
    const queue = new TurnQueue()
    const holder = await queue.acquire('a', LONG_MS)
    const abort = new AbortController()
    const waiting = queue.acquire('b', LONG_MS, abort.signal)
    const next = queue.acquire('c', LONG_MS)
    abort.abort()
    await expect(waiting).rejects.toThrow(BusyError)
    holder.release()
    ;(await next).release()
    expect(queue.isHeld).toBe(false)
  })

  test('releasing twice does not give the next one’s turn away', async () => {
    const queue = new TurnQueue()
    const first = await queue.acquire('a', LONG_MS)
    first.release()
    const second = await queue.acquire('b', LONG_MS)
    first.release()
    expect(queue.isHeld).toBe(true)
    second.release()
  })
})
