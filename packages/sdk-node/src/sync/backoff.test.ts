import { BusyError } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import { AuthError } from '../errors/auth-error.ts'
import { NetworkError } from '../errors/network-error.ts'
import type { RetryOptions } from '../options/connect-options.ts'
import { validateOptions } from '../options/settings.ts'
import { withBackoff } from './backoff.ts'

const open = new AbortController().signal

async function run(
  errors: readonly Error[],
  retry: RetryOptions,
  signal = open,
): Promise<{ waits: number[]; result: unknown }> {
  const waits: number[] = []
  const policy = validateOptions({ path: 'a', retry: { wait: async () => undefined, ...retry } }).retry
  let attempt = 0
  const result = await withBackoff(
    policy,
    signal,
    async () => {
      const error = errors[attempt]
      attempt += 1
      if (error !== undefined) throw error
      return 'done'
    },
    (_error, waitMs) => waits.push(waitMs),
  ).catch((error: unknown) => error)
  return { waits, result }
}

test('waits longer each time, up to the longest wait', async () => {
  const down = new NetworkError('down')
  const { waits, result } = await run([down, down, down, down], {
    attempts: 5,
    delayMs: 100,
    backoff: 3,
    maxDelayMs: 500,
  })
  expect(waits).toEqual([100, 300, 500, 500])
  expect(result).toBe('done')
})

test('a busy server says how long to wait', async () => {
  const { waits } = await run([new BusyError('busy', { retryAfterMs: 1234 })], {})
  expect(waits).toEqual([1234])
})

test('gives up with the last error when the attempts are used up', async () => {
  const errors = [1, 2, 3].map((n) => new NetworkError(`failure ${n}`))
  expect(await run(errors, { attempts: 2 })).toEqual({ waits: [200], result: errors[1] })
})

test('does not try again what will not pass', async () => {
  const refused = new AuthError('no')
  expect(await run([refused], {})).toEqual({ waits: [], result: refused })
})

test('stops when the signal says so', async () => {
  const { waits } = await run([new NetworkError('down')], {}, AbortSignal.abort())
  expect(waits).toEqual([])
})
