/**
 * Moves pages at the end of a database further behind, as a database that grows needs it: every number by
 * which a page names one of them is changed in place (https://www.sqlite.org/fileformat2.html, sections 1.6, 2.1
 * and 2.6).
 */
import { PAGE_SIZE } from '@tidemark/protocol'

import { contentBytes, readInteger, readVarint, writeInteger } from './record-fields.ts'

/** Types of b-tree pages. */
const INDEX_INTERIOR = 2
const TABLE_INTERIOR = 5
const INDEX_LEAF = 10
const TABLE_LEAF = 13
const SCHEMA_ROOT = 1
const FILE_HEADER_BYTES = 100
const RESERVED_BYTES_OFFSET = 20
/** `type`, `name`, `tbl_name`, `rootpage`, `sql`. */
const ROOT_COLUMN = 3
const SCHEMA_COLUMNS = 5
/** Payload bytes that a cell holds itself, at most and at least (section 1.6, where U is 4096). */
const MAX_LOCAL = { table: PAGE_SIZE - 35, index: Math.floor(((PAGE_SIZE - 12) * 64) / 255) - 23 }
const MIN_LOCAL = Math.floor(((PAGE_SIZE - 12) * 32) / 255) - 23
const OVERFLOW_BYTES = PAGE_SIZE - 4

/** The content is not what this module knows how to move. */
class UnknownLayout extends Error {}

/**
 * Moves all pages above `behind` by `by`. They must be reachable from the schema table, whose pages above 1
 * may be missing where they name none of them.
 *
 * @param images all pages above `behind`, and those of the schema table that name one of them; they stay as they are
 * @returns the same pages, those above `behind` under their new numbers; null where that cannot be done: a
 * number would need more bytes in its record, or a page is named twice or by
 *   nothing, or something is not understood
 */
export function movePages(
  images: ReadonlyMap<number, Uint8Array>,
  { behind, by }: { readonly behind: number; readonly by: number },
): Map<number, Uint8Array> | null {
  const copies = new Map(Array.from(images, ([page, image]) => [page, Uint8Array.from(image)]))
  try {
    new PageMove(copies, behind, by).run()
  } catch (error) {
    // A RangeError: something lies outside of its page.
    if (error instanceof UnknownLayout || error instanceof RangeError) return null
    throw error
  }
  return new Map(Array.from(copies, ([page, image]) => [page > behind ? page + by : page, image]))
}

class PageMove {
  readonly #views: ReadonlyMap<number, DataView>
  readonly #behind: number
  readonly #by: number
  /** Pages to be moved to which a pointer has been found. */
  readonly #found = new Set<number>()

  constructor(images: ReadonlyMap<number, Uint8Array>, behind: number, by: number) {
    this.#views = new Map(
      Array.from(images, ([page, image]) => [page, new DataView(image.buffer, image.byteOffset, PAGE_SIZE)]),
    )
    this.#behind = behind
    this.#by = by
  }

  run(): void {
    if (this.#view(SCHEMA_ROOT).getUint8(RESERVED_BYTES_OFFSET) !== 0)
      throw new UnknownLayout('pages have reserved bytes')
    this.#tree(SCHEMA_ROOT, true)
    for (const page of this.#views.keys())
      if (page > this.#behind && !this.#found.has(page)) throw new UnknownLayout(`nothing names page ${page}`)
  }

  /** The b-tree below a page that is to be moved, or of the schema table. */
  #tree(page: number, isSchema: boolean): void {
    const view = this.#view(page)
    const header = page === SCHEMA_ROOT ? FILE_HEADER_BYTES : 0
    const type = view.getUint8(header)
    const isInterior = type === TABLE_INTERIOR || type === INDEX_INTERIOR
    const kind = type === TABLE_INTERIOR || type === TABLE_LEAF ? 'table' : 'index'
    if (!isInterior && type !== TABLE_LEAF && type !== INDEX_LEAF)
      throw new UnknownLayout(`page ${page} is no b-tree page`)
    if (isSchema && kind !== 'table') throw new UnknownLayout('the schema table is an index')
    const pointers = header + (isInterior ? 12 : 8)
    for (let cell = 0; cell < view.getUint16(header + 3); cell++) {
      const start = view.getUint16(pointers + cell * 2)
      if (isInterior) this.#child(view, start, isSchema)
      if (type === TABLE_INTERIOR) continue
      const size = readVarint(view, isInterior ? start + 4 : start)
      const payload = kind === 'table' ? readVarint(view, size.next).next : size.next
      const local = localBytes(size.value, MAX_LOCAL[kind])
      if (isSchema) this.#schemaRow(view, payload, local)
      if (local < size.value) this.#overflow(view, payload + local)
    }
    if (isInterior) this.#child(view, header + 8, isSchema)
  }

  #child(view: DataView, offset: number, isSchema: boolean): void {
    const child = this.#movePointer(view, offset)
    // What is not there names none of those that move.
    if (child > this.#behind || this.#views.has(child)) this.#tree(child, isSchema)
  }

  /** A row of `sqlite_schema`: its root page, and what lies below it. */
  #schemaRow(view: DataView, payload: number, local: number): void {
    const header = readVarint(view, payload)
    let next = header.next
    let content = payload + header.value
    for (let column = 0; column < SCHEMA_COLUMNS; column++) {
      const type = readVarint(view, next)
      next = type.next
      const bytes = contentBytes(type.value)
      if (column === ROOT_COLUMN) {
        if (content + bytes > payload + local) throw new UnknownLayout('a root page is in an overflow page')
        this.#root(view, content, type.value)
        return
      }
      content += bytes
    }
  }

  #root(view: DataView, offset: number, type: number): void {
    const bytes = contentBytes(type)
    // Views and triggers have none.
    if (bytes === 0) return
    if (bytes > 4) throw new UnknownLayout('a root page is no number')
    const page = readInteger(view, offset, bytes)
    if (page <= this.#behind) return
    writeInteger(view, offset, bytes, page + this.#by)
    this.#find(page)
    this.#tree(page, false)
  }

  #overflow(view: DataView, offset: number): void {
    let next = this.#movePointer(view, offset)
    while (next > this.#behind) next = this.#movePointer(this.#view(next), 0)
  }

  /** Changes the number at `offset` where it is that of a page to be moved; returns it as it was. */
  #movePointer(view: DataView, offset: number): number {
    const page = view.getUint32(offset)
    if (page <= this.#behind) return page
    this.#find(page)
    view.setUint32(offset, page + this.#by)
    return page
  }

  #find(page: number): void {
    if (!this.#views.has(page) || this.#found.has(page))
      throw new UnknownLayout(`page ${page} is named twice`)
    this.#found.add(page)
  }

  #view(page: number): DataView {
    const view = this.#views.get(page)
    if (view === undefined) throw new UnknownLayout(`page ${page} is missing`)
    return view
  }
}

/** How many bytes of a payload a cell holds itself. */
function localBytes(payload: number, maxLocal: number): number {
  if (payload <= maxLocal) return payload
  const spread = MIN_LOCAL + ((payload - MIN_LOCAL) % OVERFLOW_BYTES)
  return spread <= maxLocal ? spread : MIN_LOCAL
}
