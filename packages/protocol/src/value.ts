/**
 * A value exactly as SQLite stores it: `null` is NULL, `bigint` INTEGER (64-bit signed), `number` REAL (IEEE
 * 754 double, never an INTEGER), `string` TEXT (may contain U+0000), `Uint8Array` BLOB, {@link RawText} TEXT
 * whose bytes are not well-formed UTF-8. NaN does not exist in SQLite: binding it stores NULL.
 */
export type SqlValue = null | bigint | number | string | Uint8Array | RawText

/** TEXT that is not well-formed UTF-8; written with `CAST(? AS TEXT)` from its bytes. */
export class RawText {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/**
 * Stands for a large TEXT or BLOB in a before image: the receiver compares, it does not need the value.
 * `digest` is the first 16 bytes of SHA-256 over the value's bytes.
 */
export class ValueDigest {
  readonly type: 'text' | 'blob'
  readonly digest: Uint8Array
  constructor(type: 'text' | 'blob', digest: Uint8Array) {
    this.type = type
    this.digest = digest
  }
}

/** A value of a before image. */
export type ImageValue = SqlValue | ValueDigest
