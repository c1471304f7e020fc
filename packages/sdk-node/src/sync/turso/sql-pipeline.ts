import { LimitError, parseStatementResult } from '@tidemark/protocol'
import type { HranaError, HranaRows } from '@tidemark/protocol'
import type { HttpTransport, TransportResponse } from '../../transport/http-transport.ts'
import { decoded } from '../../transport/response-error.ts'
import type { SqlStatement } from './row-statements.ts'
import { errorOf, malformed, pipelineResults, StepOutcomes } from './step-outcomes.ts'
import type { BatchOutcome } from './step-outcomes.ts'

/** No honest answer to a handful of questions is longer, bytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** A server says nothing while it runs a batch. tursodb has been seen to run a hundred steps in a millisecond. */
const STEP_MS = 1

export type StatementOutcome =
  | { readonly ok: HranaRows; readonly error?: never }
  | { readonly ok?: never; readonly error: HranaError }

/**
 * SQL over HTTP, `POST /v2/pipeline`: the one way to write to a Turso server. tursodb runs one request after
 * another, all on one connection.
 */
export class SqlPipeline {
  readonly #transport: HttpTransport

  constructor(transport: HttpTransport) {
    this.#transport = transport
  }

  /** Runs statements, each on its own, in one request. */
  async execute(statements: readonly SqlStatement[], signal: AbortSignal): Promise<StatementOutcome[]> {
    const requests = statements.map(({ sql, args }) => ({
      type: 'execute',
      stmt: { sql, args, named_args: [], want_rows: true },
    }))
    const response = await this.#post(Buffer.from(JSON.stringify({ baton: null, requests })), 0, signal)
    const results = pipelineResults(await textOf(response))
    if (results.length !== statements.length) throw malformed('another number of results than requests')
    return results.map((result) =>
      result.type === 'ok'
        ? { ok: decoded(response.address, () => parseStatementResult(resultIn(result.response))) }
        : { error: errorOf(result.error) },
    )
  }

  /** Sends a pipeline that is one batch of `steps` steps, and asks whether `wantedStep` was done. */
  async batch(
    body: Uint8Array | Blob,
    steps: number,
    wantedStep: number,
    signal: AbortSignal,
  ): Promise<BatchOutcome> {
    const response = await this.#post(body, steps * STEP_MS, signal)
    const outcomes = new StepOutcomes(wantedStep)
    for await (const chunk of response.chunks()) outcomes.push(chunk)
    return outcomes.end(steps)
  }

  async #post(body: Uint8Array | Blob, holdMs: number, signal: AbortSignal): Promise<TransportResponse> {
    return await this.#transport.send({
      method: 'post',
      path: '/v2/pipeline',
      headers: { 'content-type': 'application/json' },
      body,
      holdMs,
      signal,
    })
  }
}

function resultIn(response: unknown): unknown {
  return (response as { readonly result?: unknown } | null | undefined)?.result
}

async function textOf(response: TransportResponse): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.chunks()) {
    bytes += chunk.byteLength
    if (bytes > MAX_ANSWER_BYTES)
      throw new LimitError(`the answer of /v2/pipeline has more than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
