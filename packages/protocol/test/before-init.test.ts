import { expect, test } from 'vitest'
import { encodeDelimited, PullEncoder, TidemarkError } from '../src/index.ts'

test('codecs that compress refuse to work before initProtocol', () => {
  const encoder = new PullEncoder('tidemark')
  const image = new Uint8Array(4096)
  const encode = (): unknown => encodeDelimited(encoder.pages([{ pageNumber: 1, image, oldImage: null }]))
  expect(encode).toThrow(TidemarkError)
  expect(encode).toThrow(expect.objectContaining({ code: 'TIDEMARK_NOT_INITIALISED' }))
})
