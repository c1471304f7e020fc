/**
 * A page selector: a Roaring bitmap in the portable serialisation
 * (https://github.com/RoaringBitmap/RoaringFormatSpec) of page numbers less one. Read here by hand, not by a
 * library, since it comes from outside: every count is checked against the bytes that are there before
 * anything is taken for it.
 */
import { ProtocolError } from '@tidemark/protocol'

const COOKIE_WITHOUT_RUNS = 12_346
const COOKIE_WITH_RUNS = 12_347
const CONTAINER_VALUES = 65_536
const BITMAP_BYTES = 8192
const MAX_ARRAY_VALUES = 4096
/** Serialisations with runs leave offsets out below this many containers. */
const MIN_CONTAINERS_FOR_OFFSETS = 4

interface Container {
  readonly high: number
  readonly cardinality: number
  readonly isRun: boolean
}

/**
 * The selected page numbers up to `sizeInPages`, in ascending order.
 *
 * @throws ProtocolError when the bytes are not exactly one bitmap
 */
export function decodePageSelector(bytes: Uint8Array, sizeInPages: number): Uint32Array {
  const reader = new Reader(bytes)
  const containers = readContainers(reader)
  const pages: number[] = []
  const add = (value: number): void => {
    if (value < sizeInPages) pages.push(value + 1)
  }
  for (const container of containers) readValues(reader, container, sizeInPages, add)
  reader.end()
  return Uint32Array.from(pages)
}

function readContainers(reader: Reader): Container[] {
  const cookie = reader.uint32()
  const hasRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS
  if (!hasRuns && cookie !== COOKIE_WITHOUT_RUNS) throw malformed('it has an unknown cookie')
  const count = hasRuns ? (cookie >>> 16) + 1 : reader.uint32()
  if (count > CONTAINER_VALUES) throw malformed(`it has ${count} containers`)
  const runFlags = hasRuns ? reader.take((count + 7) >>> 3) : null
  const containers: Container[] = []
  for (let index = 0; index < count; index++) {
    const high = reader.uint16()
    if (index > 0 && high <= containers[index - 1]!.high) throw malformed('its containers are not in order')
    const isRun = runFlags !== null && ((runFlags[index >>> 3]! >>> (index & 7)) & 1) === 1
    containers.push({ high, cardinality: reader.uint16() + 1, isRun })
  }
  if (!hasRuns || count >= MIN_CONTAINERS_FOR_OFFSETS) reader.take(count * 4)
  return containers
}

function readValues(
  reader: Reader,
  container: Container,
  sizeInPages: number,
  add: (value: number) => void,
): void {
  const base = container.high * CONTAINER_VALUES
  if (container.isRun) readRuns(reader, base, sizeInPages, add)
  else if (container.cardinality > MAX_ARRAY_VALUES) readBitmap(reader, base, sizeInPages, add)
  else readArray(reader, container.cardinality, base, add)
}

/**
 * Ten bytes can name 65,536 pages, and a long selector a billion: those that the database does not have are
 * not counted one by one, here and in {@link readBitmap}.
 */
function readRuns(reader: Reader, base: number, sizeInPages: number, add: (value: number) => void): void {
  let next = 0
  for (let runs = reader.uint16(); runs > 0; runs--) {
    const start = reader.uint16()
    const last = start + reader.uint16()
    if (start < next || last >= CONTAINER_VALUES) throw malformed('its runs overlap or leave their container')
    for (let value = start; value <= last && base + value < sizeInPages; value++) add(base + value)
    next = last + 1
  }
}

function readBitmap(reader: Reader, base: number, sizeInPages: number, add: (value: number) => void): void {
  const bits = reader.take(BITMAP_BYTES)
  if (base >= sizeInPages) return
  for (let index = 0; index < BITMAP_BYTES; index++) {
    for (let byte = bits[index]!; byte !== 0; byte &= byte - 1)
      add(base + index * 8 + (31 - Math.clz32(byte & -byte)))
  }
}

function readArray(reader: Reader, cardinality: number, base: number, add: (value: number) => void): void {
  let previous = -1
  for (let index = 0; index < cardinality; index++) {
    const value = reader.uint16()
    if (value <= previous) throw malformed('its values are not in order')
    add(base + value)
    previous = value
  }
}

function malformed(what: string): ProtocolError {
  return new ProtocolError(`The page selector is not a Roaring bitmap: ${what}`)
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true)
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true)
  }

  take(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  end(): void {
    if (this.#offset !== this.#bytes.byteLength) throw malformed('bytes follow it')
  }

  #advance(length: number): number {
    const start = this.#offset
    if (start + length > this.#bytes.byteLength) throw malformed('it is cut short')
    this.#offset = start + length
    return start
  }
}
