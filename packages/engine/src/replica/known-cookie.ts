import { PAGE_SIZE } from '@tidemark/protocol'

import { contentBytes, readInteger, readVarint, writeInteger } from './record-fields.ts'

const INDEX_LEAF = 10
const POINTERS_OFFSET = 8
const TEXT_TYPE = 13
const KEY = 'schemaVersion'

/**
 * Replaces the schema cookie that capture has last looked at, in the page of `tidemark_state`, in place.
 *
 * @returns false, with the page as it was, where it has not the cookie `from`, or `to` takes another number of bytes
 */
export function replaceKnownCookie(page: Uint8Array, from: number, to: number): boolean {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_SIZE)
  if (view.getUint8(0) !== INDEX_LEAF) return false
  for (let cell = 0; cell < view.getUint16(3); cell++) {
    const record = readVarint(view, view.getUint16(POINTERS_OFFSET + cell * 2)).next
    const header = readVarint(view, record)
    const keyType = readVarint(view, header.next)
    const key = record + header.value
    const value = key + contentBytes(keyType.value)
    const isText = keyType.value % 2 === TEXT_TYPE % 2 && keyType.value >= TEXT_TYPE
    if (!isText || Buffer.from(page.subarray(key, value)).toString() !== KEY) continue
    const bytes = contentBytes(readVarint(view, keyType.next).value)
    if (bytes < 1 || bytes > 4 || readInteger(view, value, bytes) !== from) return false
    if (to >= 2 ** (bytes * 8 - 1)) return false
    writeInteger(view, value, bytes, to)
    return true
  }
  return false
}
