import { PAGE_SIZE } from '../wal/wal-format.ts'
import type { PushedRows, RowPart } from './pushed-rows.ts'
import { behindSqliteVarint, localPayloadBytes, OVERFLOW_BYTES, readSqliteVarint } from './record-format.ts'

const TABLE_LEAF = 13
const FILE_HEADER_BYTES = 100
const LEAF_HEADER_BYTES = 8
/** So much of a part decides where it is looked for; what is found is compared whole. */
const PROBE_BYTES = 48

/** Finds pushed rows in page images. */
export class PartIndex {
  readonly #rows: PushedRows
  readonly #byProbe = new Map<number, RowPart>()

  constructor(rows: PushedRows) {
    this.#rows = rows
    for (let row = 0; row < rows.size; row += 1) {
      this.#byProbe.set(probe(rows.localPayload(row)), { row, part: 0 })
      for (let part = 1; ; part += 1) {
        const bytes = rows.part({ row, part })
        if (bytes === undefined) break
        this.#byProbe.set(probe(bytes), { row, part })
      }
    }
  }

  /** The parts that stand in a page, in the order of their places. */
  find(pageNumber: number, image: Uint8Array): RowPart[] {
    const header = pageNumber === 1 ? FILE_HEADER_BYTES : 0
    return image[header] === TABLE_LEAF ? this.#cellsOf(image, header) : this.#overflowOf(image)
  }

  #cellsOf(image: Uint8Array, header: number): RowPart[] {
    const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
    const count = Math.min(view.getUint16(header + 3), (PAGE_SIZE - header - LEAF_HEADER_BYTES) >>> 1)
    const offsets = Array.from({ length: count }, (_, cell) =>
      view.getUint16(header + LEAF_HEADER_BYTES + cell * 2),
    )
    return offsets.toSorted((a, b) => a - b).flatMap((offset) => this.#cellAt(image, offset) ?? [])
  }

  #cellAt(image: Uint8Array, offset: number): RowPart | null {
    const length = readSqliteVarint(image, offset)
    if (length === null) return null
    const start = behindSqliteVarint(image, length.next)
    const payload = image.subarray(start, start + localPayloadBytes(length.value))
    const found = this.#byProbe.get(probe(payload))
    if (found?.part !== 0) return null
    return Buffer.compare(this.#rows.localPayload(found.row), payload) === 0 ? found : null
  }

  /** Any page that is not a leaf may be an overflow page: nothing in it says so. */
  #overflowOf(image: Uint8Array): RowPart[] {
    const content = image.subarray(PAGE_SIZE - OVERFLOW_BYTES)
    const found = this.#byProbe.get(probe(content))
    if (found === undefined || found.part === 0) return []
    const bytes = this.#rows.part(found)!
    return Buffer.compare(bytes, content.subarray(0, bytes.byteLength)) === 0 ? [found] : []
  }
}

/** FNV-1a of the first bytes. */
function probe(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  const end = Math.min(bytes.byteLength, PROBE_BYTES)
  for (let i = 0; i < end; i += 1) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash >>> 0
}
