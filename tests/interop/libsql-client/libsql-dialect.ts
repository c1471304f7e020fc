import type { Client, InValue, ResultSet, Transaction } from '@libsql/client'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, Kysely, QueryResult } from 'kysely'

/**
 * Kysely on libSQL's client, as published dialects are made: statements go through the client, transactions
 * through its interactive ones. Those dialects that are published depend on older clients.
 */
export class LibsqlDialect implements Dialect {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  createAdapter(): SqliteAdapter {
    return new SqliteAdapter()
  }

  createDriver(): Driver {
    return new LibsqlDriver(this.#client)
  }

  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db)
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler()
  }
}

class LibsqlDriver implements Driver {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<LibsqlConnection> {
    return new LibsqlConnection(this.#client)
  }

  async beginTransaction(connection: LibsqlConnection): Promise<void> {
    await connection.begin()
  }

  async commitTransaction(connection: LibsqlConnection): Promise<void> {
    await connection.end('commit')
  }

  async rollbackTransaction(connection: LibsqlConnection): Promise<void> {
    await connection.end('rollback')
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#client.close()
  }
}

class LibsqlConnection implements DatabaseConnection {
  readonly #client: Client
  #transaction: Transaction | null = null

  constructor(client: Client) {
    this.#client = client
  }

  async begin(): Promise<void> {
    this.#transaction = await this.#client.transaction('write')
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    await this.#transaction?.[how]()
    this.#transaction = null
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const statement = { sql, args: parameters as InValue[] }
    const result: ResultSet = await (this.#transaction ?? this.#client).execute(statement)
    const { rows, rowsAffected, lastInsertRowid } = result
    return {
      rows: rows as unknown as R[],
      numAffectedRows: BigInt(rowsAffected),
      ...(lastInsertRowid === undefined ? {} : { insertId: lastInsertRowid }),
    }
  }

  // oxlint-disable-next-line require-yield -- The interface asks for it.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the client does not stream')
  }
}
