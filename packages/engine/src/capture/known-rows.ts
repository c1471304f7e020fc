import { createHash } from 'node:crypto'
import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'
import type Database from 'better-sqlite3'

/**
 * How often each row is there, whatever its rowid: digests in a temporary table, so in bounded memory (I7).
 */
export class KnownRows implements Disposable {
  readonly #db: Database.Database
  readonly #name: string
  readonly #add: Database.Statement<[Buffer]>
  readonly #take: Database.Statement<[Buffer]>

  /** @param name of the table: no other may have it meanwhile */
  constructor(db: Database.Database, name: string = 'known_rows') {
    this.#db = db
    this.#name = name
    db.exec(`CREATE TEMP TABLE ${name} (digest BLOB PRIMARY KEY, n INTEGER) WITHOUT ROWID`)
    this.#add = db.prepare(`INSERT INTO ${name} VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET n = n + 1`)
    this.#take = db.prepare(`UPDATE ${name} SET n = n - 1 WHERE digest = ? AND n > 0`)
  }

  add(image: readonly SqlValue[]): void {
    this.#add.run(digestOf(image))
  }

  /** Whether a row with these values is there that was not taken before. */
  take(image: readonly SqlValue[]): boolean {
    return this.#take.run(digestOf(image)).changes > 0
  }

  [Symbol.dispose](): void {
    this.#db.exec(`DROP TABLE temp.${this.#name}`)
  }
}

/** Tells rows apart by their values. */
export function digestOf(image: readonly SqlValue[]): Buffer {
  const hash = createHash('sha256')
  for (const value of image) {
    const bytes = bytesOf(value)
    hash.update(`${storageClass(value)}${bytes.length}:`).update(bytes)
  }
  return hash.digest()
}

function bytesOf(value: SqlValue): Uint8Array {
  if (value instanceof RawText) return value.bytes
  return value instanceof Uint8Array ? value : Buffer.from(String(value))
}

function storageClass(value: SqlValue): string {
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return 'blob'
  return value instanceof RawText ? 'string' : typeof value
}
