import { tidemark } from '#messages'
import type { PartIndex } from '../echo/find-parts.ts'
import { decodePartRuns, encodePartRuns } from '../echo/part-runs.ts'
import type { PushedRows } from '../echo/pushed-rows.ts'
import { ProtocolError } from '../errors.ts'
import { Seal } from '../framing/seal.ts'
import { PROTOCOL_LIMITS } from '../limits.ts'
import { fromWireInteger, toWireInteger } from '../messages/wire-integer.ts'
import { PAGE_SIZE } from '../wal/wal-format.ts'
import { compress, decompress } from '../zstd/zstd.ts'

/** A page to send. */
export interface PulledPage {
  /** From 1. */
  readonly pageNumber: number
  /** 4096 bytes. */
  readonly image: Uint8Array
  /** The page at the client's revision, 4096 bytes; null: it did not exist, or its image is not at hand. */
  readonly oldImage: Uint8Array | null
}

/** Rows that the client has pushed and can encode again, and where to find them in pages. */
export interface PushedRowFinder {
  readonly rows: PushedRows
  readonly index: PartIndex
}

/** The client's image of a page at the revision that its request named; null: it has none. */
export type OldImageLookup = (pageNumber: number) => Uint8Array | null

/** The group message for up to 64 pages, compressed with what the client is known to have. */
export function encodePageGroup(
  pages: readonly PulledPage[],
  pushed: PushedRowFinder | null,
): tidemark.PageGroup.$Properties {
  const images = concatPages(pages.map((page) => page.image))
  const known = pages.filter((page) => page.oldImage !== null)
  const group = {
    pageIds: pages.map((page) => toWireInteger(page.pageNumber - 1)),
    checksum: groupChecksum(
      pages.map((page) => page.pageNumber),
      images,
    ),
  }
  const parts = pushed === null ? [] : pages.flatMap((page) => pushed.index.find(page.pageNumber, page.image))
  if (parts.length > 0) {
    const dictionary = Buffer.concat([
      ...known.map((page) => checkedPage(page.oldImage!)),
      ...parts.map((part) => pushed!.rows.part(part)!),
    ])
    return {
      ...group,
      codec: tidemark.PageCodec.PAGES_ZSTD_PUSHED_ROWS,
      payload: compress(images, { dictionary }),
      dictionaryPageIds: known.map((page) => toWireInteger(page.pageNumber - 1)),
      pushedRows: encodePartRuns(parts),
    }
  }
  if (known.length > 0) {
    const dictionary = concatPages(known.map((page) => page.oldImage!))
    const payload = compress(images, { dictionary })
    if (payload.byteLength < images.byteLength) {
      const dictionaryPageIds = known.map((page) => toWireInteger(page.pageNumber - 1))
      return { ...group, codec: tidemark.PageCodec.PAGES_ZSTD_OLD_IMAGES, payload, dictionaryPageIds }
    }
  } else {
    const payload = compress(images)
    if (payload.byteLength < images.byteLength) {
      return { ...group, codec: tidemark.PageCodec.PAGES_ZSTD, payload }
    }
  }
  return { ...group, codec: tidemark.PageCodec.PAGES_RAW, payload: images }
}

/** A group's pages, verified against its checksum. `images` holds one page after another. */
export interface DecodedGroup {
  readonly pageNumbers: readonly number[]
  readonly images: Uint8Array
  readonly checksum: Uint8Array
}

/** @throws ProtocolError for a malformed or damaged group, or one whose dictionary the client does not have */
export function decodePageGroup(
  group: tidemark.PageGroup,
  oldImage: OldImageLookup,
  pushed: PushedRows | null,
): DecodedGroup {
  const pageNumbers = group.pageIds.map((id) => fromWireInteger(id, 'page id') + 1)
  if (pageNumbers.length === 0 || pageNumbers.length > PROTOCOL_LIMITS.pagesPerGroup) {
    throw new ProtocolError(`group of ${pageNumbers.length} pages`)
  }
  const images = groupImages(group, pageNumbers.length * PAGE_SIZE, oldImage, pushed)
  if (images.byteLength !== pageNumbers.length * PAGE_SIZE) {
    throw new ProtocolError(`group of ${pageNumbers.length} pages holds ${images.byteLength} bytes`)
  }
  const checksum = groupChecksum(pageNumbers, images)
  if (Buffer.compare(checksum, group.checksum) !== 0) {
    throw new ProtocolError('checksum of a page group does not match', { code: 'TIDEMARK_PAGE_CHECKSUM' })
  }
  return { pageNumbers, images, checksum }
}

function groupImages(
  group: tidemark.PageGroup,
  maxBytes: number,
  oldImage: OldImageLookup,
  pushed: PushedRows | null,
): Uint8Array {
  switch (group.codec) {
    case tidemark.PageCodec.PAGES_RAW:
      return group.payload
    case tidemark.PageCodec.PAGES_ZSTD:
      return decompress(group.payload, { maxBytes })
    case tidemark.PageCodec.PAGES_ZSTD_OLD_IMAGES:
      return decompress(group.payload, { maxBytes, dictionary: readDictionary(group, oldImage) })
    case tidemark.PageCodec.PAGES_ZSTD_PUSHED_ROWS: {
      const dictionary = Buffer.concat([readDictionary(group, oldImage), ...readPushedRows(group, pushed)])
      return decompress(group.payload, { maxBytes, dictionary })
    }
    default:
      throw new ProtocolError(`page group with unknown codec ${String(group.codec)}`, { recovery: 'upgrade' })
  }
}

function readDictionary(group: tidemark.PageGroup, oldImage: OldImageLookup): Uint8Array {
  const ids = group.dictionaryPageIds
  if (ids.length > PROTOCOL_LIMITS.pagesPerGroup) throw new ProtocolError(`dictionary of ${ids.length} pages`)
  const dictionary = Buffer.allocUnsafe(ids.length * PAGE_SIZE)
  for (const [i, id] of ids.entries()) {
    const pageNumber = fromWireInteger(id, 'page id') + 1
    const image = oldImage(pageNumber)
    if (image === null) {
      throw new ProtocolError(`page group refers to page ${pageNumber}, which the client does not have`)
    }
    dictionary.set(checkedPage(image), i * PAGE_SIZE)
  }
  return dictionary
}

function readPushedRows(group: tidemark.PageGroup, pushed: PushedRows | null): Uint8Array[] {
  let bytes = 0
  return decodePartRuns(group.pushedRows).map((part) => {
    const found = pushed?.part(part)
    if (found === undefined)
      throw new ProtocolError('page group refers to a pushed row that the client does not have')
    bytes += found.byteLength
    if (bytes > PROTOCOL_LIMITS.pagesPerGroup * PAGE_SIZE)
      throw new ProtocolError('page group refers to more pushed rows than its pages hold')
    return found
  })
}

function groupChecksum(pageNumbers: readonly number[], images: Uint8Array): Uint8Array {
  const seal = new Seal()
  const id = new DataView(new ArrayBuffer(8))
  for (const [i, pageNumber] of pageNumbers.entries()) {
    id.setBigUint64(0, BigInt(pageNumber - 1), true)
    seal.add(new Uint8Array(id.buffer)).add(images.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE))
  }
  return seal.bytes()
}

function concatPages(images: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(images.length * PAGE_SIZE)
  for (const [i, image] of images.entries()) bytes.set(checkedPage(image), i * PAGE_SIZE)
  return bytes
}

function checkedPage(image: Uint8Array): Uint8Array {
  if (image.byteLength !== PAGE_SIZE) {
    throw new ProtocolError(`page image of ${image.byteLength} bytes`, { recovery: 'bug' })
  }
  return image
}
