import type { Database, Sqlite3Result, Sqlite3Static } from '@sqlite.org/sqlite-wasm'
import { classifyStatement, splitStatements } from '@tidemark/engine/server-side'
import { isTidemarkError, LimitError, ProtocolError } from '@tidemark/protocol'
import { PageVfs } from './page-vfs.ts'
import type { PageSource } from './page-vfs.ts'

const HEAP_BYTES = 64 * 1024 * 1024
const CACHE_KIB = 4096
const MAX_SQL_LENGTH = 100_000
/** Beyond it LIKE and GLOB can take very long over one row, and nothing looks at the clock meanwhile. */
const MAX_PATTERN_LENGTH = 200
const INSTRUCTIONS_BETWEEN_CLOCK_READS = 10_000

/** Half a megabyte of source, which most workers never need. */
async function loadSqlite(): Promise<Sqlite3Static> {
  const { default: load } = await import('@sqlite.org/sqlite-wasm')
  return load()
}

/**
 * Finds out which pages a query reads, by running it on an SQLite of its own, whose file is the pages of one
 * revision. That SQLite is compiled to WebAssembly, so that its file system can be written here, and so that
 * what a query does to it stays within.
 */
export class QueryEngine {
  static #shared: Promise<QueryEngine> | null = null
  readonly #sqlite: Sqlite3Static
  readonly #vfs: PageVfs
  readonly #initialBytes: number

  private constructor(sqlite: Sqlite3Static) {
    this.#sqlite = sqlite
    this.#vfs = new PageVfs(sqlite)
    this.#initialBytes = sqlite.wasm.heap8u().byteLength
  }

  /** The engine of this process. */
  static async load(): Promise<QueryEngine> {
    QueryEngine.#shared ??= loadSqlite()
      .then((sqlite) => new QueryEngine(sqlite))
      .catch((error: unknown) => {
        // Where there was no memory or no descriptor for it, there may be later.
        QueryEngine.#shared = null
        throw error
      })
    return QueryEngine.#shared
  }

  /**
   * The pages that `query` reads, ascending, among them all that hold the schema.
   *
   * @throws ProtocolError `TIDEMARK_QUERY` unless it is one SELECT that SQLite can run; LimitError when it
   * takes too long or too much
   *   memory; what `source` throws
   */
  pagesReadBy(query: string, source: PageSource, timeoutMs: number): Uint32Array {
    checkQuery(query)
    this.#vfs.mount(source)
    try {
      this.#run(query, timeoutMs)
      return this.#vfs.pagesRead
    } catch (error) {
      throw this.#explain(error, timeoutMs)
    } finally {
      this.#vfs.mount({ sizeInPages: 0, readPage: () => {} })
      // WebAssembly memory never shrinks.
      if (this.#sqlite.wasm.heap8u().byteLength > this.#initialBytes) QueryEngine.#shared = null
    }
  }

  #run(query: string, timeoutMs: number): void {
    const { capi, oo1 } = this.#sqlite
    const db: Database = new oo1.DB({ filename: 'revision', flags: 'r', vfs: this.#vfs.name })
    try {
      const until = performance.now() + timeoutMs
      const isLate = (): 0 | 1 => (performance.now() > until ? 1 : 0)
      capi.sqlite3_progress_handler(db, INSTRUCTIONS_BETWEEN_CLOCK_READS, isLate, 0)
      capi.sqlite3_limit(db, capi.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN_LENGTH)
      db.exec(
        `PRAGMA hard_heap_limit = ${HEAP_BYTES}; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA trusted_schema = OFF`,
      )
      const statement = db.prepare(query)
      try {
        // The step of `statement` itself would print its failure.
        let code: Sqlite3Result = capi.SQLITE_ROW
        while (code === capi.SQLITE_ROW) code = capi.sqlite3_step(statement)
        if (code !== capi.SQLITE_DONE) db.checkRc(code)
      } finally {
        statement.finalize()
      }
    } finally {
      db.close()
    }
  }

  #explain(error: unknown, timeoutMs: number): unknown {
    const { failure } = this.#vfs
    if (failure !== null) return failure.error
    const { capi, SQLite3Error, WasmAllocError } = this.#sqlite
    if (error instanceof WasmAllocError) return tooLarge()
    if (!(error instanceof SQLite3Error) || isTidemarkError(error)) return error
    switch (error.resultCode & 0xff) {
      case capi.SQLITE_INTERRUPT:
        return new LimitError(`The query that selects pages ran longer than ${timeoutMs} ms and was ended`)
      case capi.SQLITE_NOMEM:
      case capi.SQLITE_TOOBIG:
        return tooLarge()
      default:
        return refused(error.message)
    }
  }
}

function checkQuery(query: string): void {
  if (query.length > MAX_SQL_LENGTH)
    throw new LimitError(`The query that selects pages is longer than ${MAX_SQL_LENGTH}`)
  const { kind, keyword } = classifyStatement(query)
  if (kind !== 'select' || keyword === 'EXPLAIN' || splitStatements(query).length !== 1) {
    throw refused('it must be one SELECT')
  }
}

function refused(why: string): ProtocolError {
  return new ProtocolError(`The query that selects pages cannot run: ${why}`, {
    code: 'TIDEMARK_QUERY',
    recovery: 'fix-data',
  })
}

function tooLarge(): LimitError {
  return new LimitError(`The query that selects pages takes more than ${HEAP_BYTES} bytes of memory`)
}
