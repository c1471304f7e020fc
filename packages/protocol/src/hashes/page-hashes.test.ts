import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LimitError, ProtocolError } from '../errors.ts'
import {
  decodePageHashesRequest,
  decodePageHashesResponse,
  encodePageHashesRequest,
  encodePageHashesResponse,
  pageHash,
} from './page-hashes.ts'

const revision = fc.string({ maxLength: 40 })

describe('page hashes', () => {
  it('are the first 8 bytes of SHA-256', () => {
    const image = new Uint8Array(4096).fill(3)
    expect(Buffer.from(pageHash(image)).toString('hex')).toBe(
      createHash('sha256').update(image).digest('hex').slice(0, 16),
    )
  })

  it('requests cross exactly', () => {
    const request = fc.record({
      revision,
      firstPage: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      pageCount: fc.nat(1_048_576),
    })
    fc.assert(
      fc.property(request, (sent) => {
        expect(decodePageHashesRequest(encodePageHashesRequest(sent))).toEqual(sent)
      }),
    )
  })

  it('responses cross exactly', () => {
    const hashes = fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 })).map((all) => Buffer.concat(all))
    fc.assert(
      fc.property(fc.record({ revision, sizeInPages: fc.nat(), hashes }), (sent) => {
        expect(decodePageHashesResponse(encodePageHashesResponse(sent))).toEqual(sent)
      }),
    )
  })

  it('requests for too many pages or for pages that cannot be are refused', () => {
    const request = { revision: '', firstPage: 1, pageCount: 1 }
    expect(() =>
      decodePageHashesRequest(encodePageHashesRequest({ ...request, pageCount: 1_048_577 })),
    ).toThrow(LimitError)
    expect(() =>
      decodePageHashesRequest(encodePageHashesRequest({ ...request, firstPage: 2 ** 32 })),
    ).toThrow(ProtocolError)
    expect(() => encodePageHashesRequest({ ...request, firstPage: 0 })).toThrow(ProtocolError)
  })

  it('responses with half a hash are refused', () => {
    const response = { revision: 'r', sizeInPages: 5, hashes: new Uint8Array(12) }
    expect(() => decodePageHashesResponse(encodePageHashesResponse(response))).toThrow(ProtocolError)
  })
})
