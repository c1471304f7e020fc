import { BusyError } from '@tidemark/protocol'
import { expect, test } from 'vitest'
import { whenFree } from './when-free.ts'

const locked = new BusyError('locked')

test('is tried again soon while the file is locked', async () => {
  let attempts = 0
  const result = await whenFree(AbortSignal.timeout(60_000), () => {
    attempts += 1
    if (attempts < 5) throw locked
    return 'done'
  })
  expect(result).toBe('done')
})

test('a busy server is not asked again at once', async () => {
  let attempts = 0
  const busy = new BusyError('busy', { code: 'TIDEMARK_SERVER_BUSY' })
  const run = whenFree(AbortSignal.timeout(60_000), () => {
    attempts += 1
    throw busy
  })
  await expect(run).rejects.toBe(busy)
  expect(attempts).toBe(1)
})

test('ends when the operation is aborted', async () => {
  await expect(
    whenFree(AbortSignal.abort(), () => {
      throw locked
    }),
  ).rejects.toBe(locked)
})
