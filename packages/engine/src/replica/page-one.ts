import { FORMAT_VERSIONS_OFFSET, SCHEMA_COOKIE_OFFSET } from '../wal/inject.ts'
import type { PageOnePatch } from './info.ts'

const USER_VERSION_OFFSET = 60

/** The fields of a page 1 that injection patches. */
export function readPageOne(image: Uint8Array): PageOnePatch {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  return {
    schemaCookie: view.getUint32(SCHEMA_COOKIE_OFFSET),
    formatVersions: [image[FORMAT_VERSIONS_OFFSET]!, image[FORMAT_VERSIONS_OFFSET + 1]!],
  }
}

/** Writes the fields of {@link readPageOne} back into an image. */
export function writePageOne(image: Uint8Array, fields: PageOnePatch): void {
  new DataView(image.buffer, image.byteOffset, image.byteLength).setUint32(
    SCHEMA_COOKIE_OFFSET,
    fields.schemaCookie,
  )
  image.set(fields.formatVersions, FORMAT_VERSIONS_OFFSET)
}

/** The `user_version` of a page 1. */
export function userVersionOf(image: Uint8Array): number {
  return new DataView(image.buffer, image.byteOffset, image.byteLength).getInt32(USER_VERSION_OFFSET)
}
