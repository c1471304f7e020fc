import { LimitError } from '@tidemark/protocol'
import type { SqlBytes } from './sql-memory.ts'

const MAX_STATEMENTS = 1000
const MAX_CHARACTERS = 16 * 1024 * 1024
/** At most, as the text lies in memory. */
const BYTES_PER_CHARACTER = 2

/** The SQL that the client of one stream has stored under numbers, to be named by them in its requests. */
export class StoredSql {
  readonly #texts = new Map<number, string>()
  readonly #memory: SqlBytes
  #characters = 0

  constructor(memory: SqlBytes) {
    this.#memory = memory
  }

  get isEmpty(): boolean {
    return this.#texts.size === 0
  }

  get(id: number): string | undefined {
    return this.#texts.get(id)
  }

  /**
   * Takes the place of what is stored under the number, which is gone where there is no room for the new text.
   *
   * @throws LimitError when the stream has too much; BusyError when all streams together have
   */
  store(id: number, sql: string): void {
    if (this.#texts.size >= MAX_STATEMENTS)
      throw new LimitError(`More than ${MAX_STATEMENTS} stored statements`)
    this.delete(id)
    if (this.#characters + sql.length > MAX_CHARACTERS)
      throw new LimitError(`More than ${MAX_CHARACTERS} characters of stored statements`)
    this.#memory.take(sql.length * BYTES_PER_CHARACTER)
    this.#characters += sql.length
    this.#texts.set(id, sql)
  }

  delete(id: number): void {
    const { length } = this.#texts.get(id) ?? ''
    this.#memory.release(length * BYTES_PER_CHARACTER)
    this.#characters -= length
    this.#texts.delete(id)
  }

  clear(): void {
    for (const id of this.#texts.keys()) this.delete(id)
  }
}
