import type { Change } from '../../src/change.ts'
import { PullDecoder } from '../../src/pull/pull-decoder.ts'
import type { PullDecoderOptions, PullEvent } from '../../src/pull/pull-decoder.ts'
import { PushDecoder } from '../../src/push/push-decoder.ts'
import type { PushEvent, PushLimits } from '../../src/push/push-decoder.ts'
import { PushEncoder } from '../../src/push/push-encoder.ts'
import type { PushHeader } from '../../src/push/push-header.ts'

/** A header that covers the changes. */
export function pushHeaderFor(changes: readonly Change[], more: Partial<PushHeader> = {}): PushHeader {
  return {
    clientId: 'client-1',
    pushId: new Uint8Array(16).fill(1),
    previousPushId: new Uint8Array(0),
    baseRevision: 'epoch.7',
    firstChangeId: changes[0]?.changeId ?? 1,
    lastChangeId: changes.at(-1)?.changeId ?? 1,
    walPages: 12,
    conflictPolicy: 'detect',
    enforceForeignKeys: true,
    ...more,
  }
}

/** The messages of a push: header, blocks, end. */
export function encodePush(changes: Iterable<Change>, header: PushHeader): Uint8Array[] {
  const encoder = new PushEncoder()
  const messages = [encoder.header(header)]
  for (const change of changes) {
    const block = encoder.change(change)
    if (block !== null) messages.push(block)
  }
  return [...messages, ...encoder.end()]
}

/** Everything that a push holds; throws unless it is whole. */
export function decodePush(
  body: Uint8Array,
  chunkBytes = body.byteLength,
  limits: PushLimits = {},
): PushEvent[] {
  const decoder = new PushDecoder(limits)
  const events = chunksOf(body, chunkBytes).flatMap((chunk) => [...decoder.push(chunk)])
  decoder.end()
  return events
}

/** Everything that a pull stream holds; throws unless it is whole. */
export function decodePull(
  body: Uint8Array,
  options: PullDecoderOptions = { oldImage: () => null },
  chunkBytes: number = body.byteLength,
): PullEvent[] {
  const decoder = new PullDecoder(options)
  const events = chunksOf(body, chunkBytes).flatMap((chunk) => [...decoder.push(chunk)])
  decoder.end()
  return events
}

function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let i = 0; i < bytes.byteLength; i += size) chunks.push(bytes.subarray(i, i + size))
  return chunks
}
