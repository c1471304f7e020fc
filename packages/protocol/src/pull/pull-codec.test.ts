import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { tidemark, turso } from '#messages'
import { pageChecksums } from '../wal/page-checksum.ts'
import { decodePull } from '../../test/support/streams.ts'
import { LimitError, ProtocolError } from '../errors.ts'
import { encodeDelimited } from '../framing/encode-delimited.ts'
import { encodeDelimitedMessage } from '../messages/encode-message.ts'
import { toWireInteger } from '../messages/wire-integer.ts'
import { compress, initProtocol } from '../zstd/zstd.ts'
import type { PulledPage } from './page-group.ts'
import type { PullEvent } from './pull-decoder.ts'
import { PullEncoder } from './pull-encoder.ts'

const UNKNOWN_CODEC: number = 77

type Dialect = 'turso' | 'tidemark'

function page(pageNumber: number, text: string, oldText: string | null = null): PulledPage {
  const oldImage = oldText === null ? null : new Uint8Array(Buffer.alloc(4096, oldText))
  return { pageNumber, image: new Uint8Array(Buffer.alloc(4096, text)), oldImage }
}

function encodePull(dialect: Dialect, pages: readonly PulledPage[], sizeInPages = 1000): Uint8Array[] {
  const encoder = new PullEncoder(dialect)
  return [encoder.header({ revision: 'epoch.9', sizeInPages }), encoder.pages(pages), encoder.end()]
}

const oldImagesOf = (pages: readonly PulledPage[]) => (pageNumber: number) =>
  pages.find((one) => one.pageNumber === pageNumber)?.oldImage ?? null

function decodedPages(events: readonly PullEvent[]): { pageNumber: number; image: Uint8Array }[] {
  return events.flatMap((event) =>
    event.type === 'page' ? [{ pageNumber: event.pageNumber, image: new Uint8Array(event.image) }] : [],
  )
}

beforeAll(async () => initProtocol())

describe.each(['turso', 'tidemark'] as const)('a pull in the %s dialect', (dialect) => {
  it('crosses exactly, whatever the pages and however it is cut', () => {
    const image = fc.oneof(
      fc
        .string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' })
        .map((text) => new Uint8Array(Buffer.alloc(4096, text))),
      fc.constant(0).map(() => new Uint8Array(randomBytes(4096))),
    )
    const onePage = fc.record({
      pageNumber: fc.integer({ min: 1, max: 1000 }),
      image,
      oldImage: fc.option(image),
    })
    const pages = fc.uniqueArray(onePage, { maxLength: 150, selector: (one) => one.pageNumber })
    fc.assert(
      fc.property(pages, fc.integer({ min: 500, max: 70_000 }), (sent, chunkBytes) => {
        const body = Buffer.concat(encodePull(dialect, sent))
        const events = decodePull(body, { oldImage: oldImagesOf(sent) }, chunkBytes)
        const encoding = dialect === 'turso' ? 'raw' : 'zstd'
        expect(events[0]).toEqual({
          type: 'header',
          header: { revision: 'epoch.9', sizeInPages: 1000, encoding },
        })
        expect(decodedPages(events)).toEqual(
          sent.map(({ pageNumber, image: sentImage }) => ({ pageNumber, image: sentImage })),
        )
        for (const event of events) {
          if (event.type !== 'page') continue
          expect(event.checksum).toEqual(dialect === 'turso' ? null : pageChecksums(event.image)[0])
        }
      }),
      { numRuns: 60 },
    )
  })

  it.each([
    ['a page twice in one group', [page(1, 'a'), page(1, 'a')]],
    ['a page twice in two groups', [...Array.from({ length: 64 }, (_, i) => page(i + 1, 'a')), page(1, 'a')]],
    ['a page beyond the database', [page(1001, 'a')]],
  ])('with %s is refused (I8)', (_, pages) => {
    expect(() => decodePull(Buffer.concat(encodePull(dialect, pages)))).toThrow(ProtocolError)
  })

  it('of a larger database than accepted is refused', () => {
    const body = Buffer.concat(encodePull(dialect, []))
    expect(() => decodePull(body, { oldImage: () => null, maxPages: 999 })).toThrow(ProtocolError)
  })

  it('that is empty or cut is refused; the Turso dialect cannot see a cut between messages', () => {
    const parts = encodePull(dialect, [page(1, 'a'), page(3, 'b')])
    const body = Buffer.concat(parts)
    const boundaries = dialect === 'turso' ? [parts[0]!.length, parts[0]!.length + 4101] : []
    for (let length = 0; length < body.length; length += 1) {
      const decode = (): unknown => decodePull(body.subarray(0, length))
      if (boundaries.includes(length)) expect(decode).not.toThrow()
      else expect(decode).toThrow(ProtocolError)
    }
  })
})

describe('a pull in the Tidemark dialect', () => {
  const pages = Array.from({ length: 100 }, (_, i) => page(i + 1, `page ${i}`, `page ${i}!`))

  it('sends a changed row as tens of bytes', () => {
    const oldImage = new Uint8Array(randomBytes(4096))
    const image = oldImage.slice()
    image.set(Buffer.from('a changed row'), 2000)
    const body = Buffer.concat(encodePull('tidemark', [{ pageNumber: 7, image, oldImage }]))
    expect(body.length).toBeLessThan(130)
    expect(decodedPages(decodePull(body, { oldImage: () => oldImage }))).toEqual([{ pageNumber: 7, image }])
  })

  it('uses old images for new pages of the same group', () => {
    const oldImage = new Uint8Array(randomBytes(4096))
    const split = [
      { pageNumber: 7, image: Buffer.concat([oldImage.subarray(0, 2048), Buffer.alloc(2048)]), oldImage },
      {
        pageNumber: 900,
        image: Buffer.concat([oldImage.subarray(2048), Buffer.alloc(2048)]),
        oldImage: null,
      },
    ]
    expect(Buffer.concat(encodePull('tidemark', split)).length).toBeLessThan(200)
  })

  it('notices other old images than the server had, by checksum', () => {
    const random = pages.map((one) => ({
      ...one,
      oldImage: new Uint8Array(randomBytes(4096)),
      image: new Uint8Array(4096),
    }))
    const near = random.map((one) => ({
      ...one,
      image: one.oldImage.map((byte, i) => (i === 99 ? byte + 1 : byte)),
    }))
    const body = Buffer.concat(encodePull('tidemark', near))
    expect(decodePull(body, { oldImage: oldImagesOf(near) })).toHaveLength(101)
    const wrong = (pageNumber: number): Uint8Array => near[pageNumber - 1]!.oldImage.map((byte) => byte ^ 1)
    expect(() => decodePull(body, { oldImage: wrong })).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_PAGE_CHECKSUM', recovery: 'reset' }),
    )
    expect(() => decodePull(body, { oldImage: () => null })).toThrow('which the client does not have')
  })

  it('does without old images that zstd would take for a trained dictionary', () => {
    const oldImage = new Uint8Array(randomBytes(4096))
    oldImage.set([0x37, 0xa4, 0x30, 0xec])
    const image = new Uint8Array(Buffer.alloc(4096, 'compressible'))
    const body = Buffer.concat(encodePull('tidemark', [{ pageNumber: 1, image, oldImage }]))
    expect(decodedPages(decodePull(body, { oldImage: () => oldImage }))).toEqual([{ pageNumber: 1, image }])
  })

  it('refuses groups that are missing, doubled, swapped, or of another pull', () => {
    const encoder = new PullEncoder('tidemark')
    const head = encoder.header({ revision: 'r', sizeInPages: 100 })
    const [a, b, end] = [encoder.pages(pages.slice(0, 10)), encoder.pages(pages.slice(10, 20)), encoder.end()]
    const otherHead = new PullEncoder('tidemark').header({ revision: 's', sizeInPages: 100 })
    const oldImage = oldImagesOf(pages)
    expect(decodePull(Buffer.concat([head, a, b, end]), { oldImage })).toHaveLength(21)
    const bodies = [
      [head, a, end],
      [head, b, a, end],
      [head, a, a, b, end],
      [head, a, b],
      [otherHead, a, b, end],
      [head, a, b, end, end],
      [head, a, b, end, Uint8Array.of(0)],
      [head, head, a, b, end],
    ]
    for (const body of bodies)
      expect(() => decodePull(Buffer.concat(body), { oldImage })).toThrow(ProtocolError)
  })

  it('refuses a page under another number than it was sent with', () => {
    const [head, , end] = encodePull('tidemark', [page(5, 'a')])
    const [, group] = encodePull('tidemark', [page(6, 'a')])
    const five = Buffer.from(group!)
    expect(five.indexOf(Buffer.from([0x0a, 0x01, 0x05]))).toBeGreaterThan(0)
    five[five.indexOf(Buffer.from([0x0a, 0x01, 0x05])) + 2] = 4
    expect(() => decodePull(Buffer.concat([head!, five, end!]))).toThrow('checksum')
  })

  const head = new PullEncoder('tidemark').header({ revision: 'r', sizeInPages: 100 })
  const zeroPages = (count: number): tidemark.PageGroup.$Properties => ({
    pageIds: Array.from({ length: count }, (_, i) => toWireInteger(i)),
    payload: new Uint8Array(count * 4096),
    checksum: new Uint8Array(8),
  })
  it.each([
    ['no pages', () => zeroPages(0)],
    [
      '65 pages',
      () => ({
        ...zeroPages(65),
        codec: tidemark.PageCodec.PAGES_ZSTD,
        payload: compress(new Uint8Array(65 * 4096)),
      }),
    ],
    ['less than its pages', () => ({ ...zeroPages(2), payload: new Uint8Array(4096) })],
    [
      'more than its pages',
      () => ({
        ...zeroPages(1),
        codec: tidemark.PageCodec.PAGES_ZSTD,
        payload: compress(new Uint8Array(8192)),
      }),
    ],
    [
      'pushed rows that were not asked for',
      () => ({
        ...zeroPages(1),
        codec: tidemark.PageCodec.PAGES_ZSTD_PUSHED_ROWS,
        pushedRows: Uint8Array.of(4, 0),
      }),
    ],
    ['an unknown codec', () => ({ ...zeroPages(1), codec: UNKNOWN_CODEC })],
    ['a wrong checksum', () => ({ ...zeroPages(1), checksum: new Uint8Array(8).fill(1) })],
    ['no checksum', () => ({ ...zeroPages(1), checksum: null })],
    [
      'a dictionary of 65 pages',
      () => ({
        ...zeroPages(1),
        codec: tidemark.PageCodec.PAGES_ZSTD_OLD_IMAGES,
        dictionaryPageIds: zeroPages(65).pageIds!,
      }),
    ],
  ])('refuses a group with %s', (_, group) => {
    const body = Buffer.concat([head, encodeDelimitedMessage(tidemark.PullMessage, { group: group() })])
    const decode = (): unknown => decodePull(body, { oldImage: () => new Uint8Array(4096) })
    expect(decode).toThrow(
      expect.toSatisfy((error) => error instanceof ProtocolError || error instanceof LimitError),
    )
    expect(decode).not.toThrow('without its end')
  })
})

describe('a pull header', () => {
  const decode = (message: turso.PullUpdatesHeader.$Properties) => () =>
    decodePull(encodeDelimitedMessage(turso.PullUpdatesHeader, message))

  it.each<[string, turso.PullUpdatesHeader.$Properties]>([
    ['names no encoding', {}],
    ['names two encodings', { rawEncoding: {}, zstdEncoding: {} }],
    ['replaces the base', { rawEncoding: {}, applyMode: turso.ApplyMode.REPLACE_BASE }],
    ['announces a logical log', { rawEncoding: {}, streamKind: turso.StreamKind.MVCC_LOGICAL_LOG }],
    ['announces an unknown protocol', { rawEncoding: {}, protocol: turso.PullProtocol.MVCC_LOG_STREAM }],
    ['announces more pages than SQLite can have', { rawEncoding: {}, dbSize: toWireInteger(2 ** 32) }],
    ['has an endless revision', { rawEncoding: {}, serverRevision: 'x'.repeat(2000) }],
  ])('that %s is refused', (_, message) => {
    expect(decode(message)).toThrow(
      expect.toSatisfy((error) => error instanceof ProtocolError || error instanceof LimitError),
    )
  })

  it('as Turso servers send it is understood', () => {
    expect(decode({ rawEncoding: {}, serverRevision: 'r' })()).toEqual([
      { type: 'header', header: { revision: 'r', sizeInPages: 0, encoding: 'raw' } },
    ])
  })

  it('refuses pages that are not 4096 bytes long', () => {
    const head = new PullEncoder('turso').header({ revision: 'r', sizeInPages: 100 })
    for (const length of [0, 4095, 4097, 8192]) {
      const data = encodeDelimitedMessage(turso.PageData, { encodedPage: new Uint8Array(length) })
      expect(() => decodePull(Buffer.concat([head, data]))).toThrow(ProtocolError)
    }
    expect(() => decodePull(Buffer.concat([head, encodeDelimited(new Uint8Array(0))]))).toThrow(ProtocolError)
  })
})
