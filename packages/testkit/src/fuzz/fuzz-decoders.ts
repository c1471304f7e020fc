import { isTidemarkError } from '@tidemark/protocol'
import { Random } from '../simulator/random.ts'
import { decoderTargets } from './decoders.ts'
import type { Finding } from './finding.ts'

/** No damaged message of at most 4 MiB may hold a decoder up for longer; generous, since the machine may be busy. */
const MAX_MS = 3000
/** What a case may leave behind or take at once, beyond the input itself. */
const MAX_RSS_GROWTH = 512 * 1024 * 1024

const TARGETS = decoderTargets()

/**
 * One damaged message for each decoder. What it is asked for is a typed error, or another message, soon and
 * in little memory.
 */
export function fuzzDecoders(seed: number): {
  readonly cases: number
  readonly findings: readonly Finding[]
} {
  const findings: Finding[] = []
  for (const [index, target] of TARGETS.entries()) {
    const input = target.damaged(new Random(seed * 64 + index))
    const rss = process.memoryUsage.rss()
    const start = performance.now()
    const report = (what: string): void => void findings.push({ seed, what: `${target.name}: ${what}` })
    try {
      target.decode(input)
    } catch (error) {
      if (!isTidemarkError(error) || error.recovery === 'bug')
        report(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    const ms = performance.now() - start
    if (ms > MAX_MS) report(`took ${ms.toFixed(0)} ms for ${input.length} bytes`)
    const grown = process.memoryUsage.rss() - rss
    if (grown > MAX_RSS_GROWTH) report(`took ${grown} bytes of memory for ${input.length} bytes`)
  }
  return { cases: TARGETS.length, findings }
}
