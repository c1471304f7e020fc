import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { turso } from '#messages'
import { LimitError, ProtocolError } from '../errors.ts'
import { encodeMessage } from '../messages/encode-message.ts'
import { decodePullRequest, encodePullRequest } from './pull-request.ts'

const echo = fc.record({
  clientId: fc.string({ unit: 'grapheme', maxLength: 100 }),
  firstChangeId: fc.maxSafeNat(),
  lastChangeId: fc.maxSafeNat(),
  digest: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
})

const requiredFields = {
  encoding: fc.constantFrom('raw' as const, 'zstd' as const),
  serverRevision: fc.string({ unit: 'grapheme', maxLength: 100 }),
  clientRevision: fc.string({ unit: 'grapheme', maxLength: 100 }),
  longPollTimeoutMs: fc.nat(0xffff_ffff),
  pageSelector: fc.option(fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes))),
  serverQuery: fc.option(fc.string({ minLength: 1 })),
}

const request = fc.oneof(fc.record(requiredFields), fc.record({ ...requiredFields, echo }))

describe('a pull request', () => {
  it('crosses exactly', () => {
    fc.assert(
      fc.property(request, (sent) => {
        expect(decodePullRequest(encodePullRequest(sent))).toEqual(sent)
      }),
    )
  })

  it('without a body asks for everything', () => {
    const everything = {
      encoding: 'raw',
      serverRevision: '',
      clientRevision: '',
      longPollTimeoutMs: 0,
      pageSelector: null,
      serverQuery: null,
    } as const
    expect(decodePullRequest(new Uint8Array(0))).toEqual(everything)
    expect(encodePullRequest(everything)).toHaveLength(0)
  })

  it('for a logical log, or in an unknown encoding, is refused', () => {
    const unknownEncoding = Uint8Array.of(0x08, 2)
    const log = encodeMessage(turso.PullUpdatesRequest, { streamKind: turso.StreamKind.MVCC_LOGICAL_LOG })
    expect(() => decodePullRequest(log)).toThrow(ProtocolError)
    expect(() => decodePullRequest(unknownEncoding)).toThrow(ProtocolError)
  })

  it('that is too large is refused', () => {
    expect(() => decodePullRequest(new Uint8Array(17 * 1024 * 1024))).toThrow(LimitError)
  })

  it('ignores fields that it does not know', () => {
    expect(decodePullRequest(Buffer.from([0x98, 0x06, 1]))).toMatchObject({ encoding: 'raw' })
  })
})
