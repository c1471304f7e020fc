/**
 * JSON of SQL over HTTP, as libSQL's Hrana 2 and 3: `POST /v2/pipeline`, `POST /v3/pipeline`, `POST /v3/cursor`. Field
 * names are those on the wire.
 */

export type HranaValue =
  | { readonly type: 'null' }
  /** A decimal string: JSON numbers would lose 64-bit integers. */
  | { readonly type: 'integer'; readonly value: string }
  /** Infinities have no JSON form and are written as null. */
  | { readonly type: 'float'; readonly value: number | null }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'blob'; readonly base64: string }

export interface HranaNamedArg {
  readonly name: string
  readonly value: HranaValue
}

/** Exactly one of `sql` and `sql_id` (see {@link HranaRequest} `store_sql`) is set. */
export interface HranaStatement {
  readonly sql: string | null
  readonly sql_id: number | null
  readonly args: readonly HranaValue[]
  readonly named_args: readonly HranaNamedArg[]
  readonly want_rows: boolean
}

export type HranaCondition =
  | { readonly type: 'ok'; readonly step: number }
  | { readonly type: 'error'; readonly step: number }
  | { readonly type: 'not'; readonly cond: HranaCondition }
  | { readonly type: 'and'; readonly conds: readonly HranaCondition[] }
  | { readonly type: 'or'; readonly conds: readonly HranaCondition[] }
  | { readonly type: 'is_autocommit' }

export interface HranaBatchStep {
  readonly condition: HranaCondition | null
  readonly stmt: HranaStatement
}

export interface HranaBatch {
  readonly steps: readonly HranaBatchStep[]
}

/** SQL by text or by the number under which it was stored; exactly one is set. */
export interface HranaSqlReference {
  readonly sql: string | null
  readonly sql_id: number | null
}

export type HranaRequest =
  | { readonly type: 'execute'; readonly stmt: HranaStatement }
  | { readonly type: 'batch'; readonly batch: HranaBatch }
  | ({ readonly type: 'sequence' } & HranaSqlReference)
  | ({ readonly type: 'describe' } & HranaSqlReference)
  | { readonly type: 'store_sql'; readonly sql_id: number; readonly sql: string }
  | { readonly type: 'close_sql'; readonly sql_id: number }
  | { readonly type: 'get_autocommit' }
  | { readonly type: 'close' }

export interface HranaPipelineRequest {
  /** Names the stream to go on with; null: a new one. */
  readonly baton: string | null
  readonly requests: readonly HranaRequest[]
}

export interface HranaCursorRequest {
  readonly baton: string | null
  readonly batch: HranaBatch
}

export interface HranaError {
  readonly message: string
  /**
   * SQLite's primary result code, as in `SQLITE_CONSTRAINT`, which is what libSQL's clients know; or a name
   * for what is not SQLite's.
   */
  readonly code: string
  /** SQLite's extended result code, as in `SQLITE_CONSTRAINT_UNIQUE`. Tidemark's own; absent where there is none. */
  readonly extended_code?: string
}

export interface HranaColumn {
  readonly name: string | null
  readonly decltype: string | null
}

export interface HranaStatementResult {
  readonly cols: readonly HranaColumn[]
  readonly rows: readonly (readonly HranaValue[])[]
  readonly affected_row_count: number
  readonly last_insert_rowid: string | null
  readonly rows_read: number
  readonly rows_written: number
  readonly query_duration_ms: number
}

/** Both arrays are as long as the steps; null where a step did not run, or did not fail. */
export interface HranaBatchResult {
  readonly step_results: readonly (HranaStatementResult | null)[]
  readonly step_errors: readonly (HranaError | null)[]
}

export interface HranaDescribeResult {
  readonly params: readonly { readonly name: string | null }[]
  readonly cols: readonly { readonly name: string; readonly decltype: string | null }[]
  readonly is_explain: boolean
  readonly is_readonly: boolean
}

export type HranaResponse =
  | { readonly type: 'execute'; readonly result: HranaStatementResult }
  | { readonly type: 'batch'; readonly result: HranaBatchResult }
  | { readonly type: 'sequence' }
  | { readonly type: 'describe'; readonly result: HranaDescribeResult }
  | { readonly type: 'store_sql' }
  | { readonly type: 'close_sql' }
  | { readonly type: 'get_autocommit'; readonly is_autocommit: boolean }
  | { readonly type: 'close' }

export type HranaResult =
  | { readonly type: 'ok'; readonly response: HranaResponse }
  | { readonly type: 'error'; readonly error: HranaError }

export interface HranaPipelineResponse {
  readonly baton: string | null
  readonly base_url: string | null
  readonly results: readonly HranaResult[]
}

/** First line of a cursor's answer. */
export interface HranaCursorResponse {
  readonly baton: string | null
  readonly base_url: string | null
}

/** Each further line of a cursor's answer. */
export type HranaCursorEntry =
  | { readonly type: 'step_begin'; readonly step: number; readonly cols: readonly HranaColumn[] }
  | { readonly type: 'row'; readonly row: readonly HranaValue[] }
  | {
      readonly type: 'step_end'
      readonly affected_row_count: number
      readonly last_insert_rowid: string | null
    }
  | { readonly type: 'step_error'; readonly step: number; readonly error: HranaError }
  | { readonly type: 'error'; readonly error: HranaError }
