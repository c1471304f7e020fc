import { describe, expect, test } from 'vitest'
import type { SideResult } from './compare-work.ts'
import { verdictOf } from './verdict.ts'

function side(medianMs: number, sentBytes: number): SideResult {
  return {
    ms: { median: medianMs, lowest: medianMs / 2, highest: medianMs * 2 },
    sentBytes,
    receivedBytes: 0,
    clientCpuMs: 1,
    serverCpuMs: 1,
    clientPeakMb: 1,
    serverPeakMb: 1,
  }
}

describe('the verdict on a work', () => {
  test('work without network is judged by time alone', () => {
    const verdict = verdictOf({ timesFaster: 2 }, side(10, 0), side(30, 0))
    expect(verdict).toMatchObject({ timesFaster: 3, timesFewerBytes: null, isReached: true })
  })

  test('one target missed is not reached', () => {
    const target = { timesFaster: 2, timesFewerBytes: 4, maxBytes: 100 }
    expect(verdictOf(target, side(10, 100), side(30, 400))?.isReached).toBe(true)
    expect(verdictOf(target, side(20, 100), side(30, 400))?.isReached).toBe(false)
    expect(verdictOf(target, side(10, 100), side(30, 300))?.isReached).toBe(false)
    expect(verdictOf(target, side(10, 101), side(30, 900))?.isReached).toBe(false)
  })

  test('there is none where a side failed', () => {
    expect(verdictOf({ timesFaster: 2 }, side(10, 0), { failed: 'it crashed' })).toBeNull()
  })
})
