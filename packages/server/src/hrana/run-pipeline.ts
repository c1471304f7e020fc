import { LimitError, parsePipelineRequest, ProtocolError } from '@tidemark/protocol'
import type {
  HranaBatch,
  HranaBatchResult,
  HranaDescribeResult,
  HranaError,
  HranaPipelineResponse,
  HranaRequest,
  HranaResponse,
  HranaResult,
  HranaStatement,
  HranaStatementResult,
} from '@tidemark/protocol'
import type { Caller } from '../worker/worker-calls.ts'
import type { HranaStream } from './hrana-stream.ts'
import type { ResponseBudget } from './response-budget.ts'
import { runBatch } from './run-batch.ts'
import { ResultCollector } from './run-statement.ts'
import { toHranaError } from './sql-error.ts'
import type { StatementGuard } from './statement-guard.ts'
import type { StreamRegistry } from './stream-registry.ts'
import { TimeSlice } from './time-slice.ts'

/** For the JSON of a request or an answer; the watchdog also notices what takes too much memory. */
export const JSON_TIMEOUT_MS = 10_000

interface Context {
  readonly stream: HranaStream
  readonly caller: Caller
  readonly guard: StatementGuard
  readonly budget: ResponseBudget
}

/**
 * `POST /v2/pipeline` and `/v3/pipeline`: runs the requests in order on one stream; each has its own result,
 * and one that fails does not stop the others. A stream that has something to keep is kept for the next
 * pipeline, unless a `close` was among them.
 *
 * @param body JSON
 * @returns JSON
 * @throws ProtocolError, LimitError where the request as a whole is refused and nothing was run
 */
export async function runPipeline(
  registry: StreamRegistry,
  body: Uint8Array,
  budget: ResponseBudget,
  caller: Caller,
  guard: StatementGuard,
): Promise<string> {
  const request = guard.run(JSON_TIMEOUT_MS, () => parsePipelineRequest(parseJson(body)))
  // Where this fails, the stream stays parked.
  if (request.baton !== null) guard.begin()
  const stream = registry.take(request.baton)
  const context = { stream, caller, guard, budget }
  const results: HranaResult[] = []
  let isKept = false
  try {
    const slice = new TimeSlice()
    for (const part of request.requests) {
      if (guard.signal.aborted) break
      results.push(await answer(part, context))
      await slice.giveWay()
    }
    isKept =
      stream.hasState && !request.requests.some(({ type }) => type === 'close') && !guard.signal.aborted
  } finally {
    if (!isKept) registry.end(stream)
  }
  const response: HranaPipelineResponse = {
    baton: isKept ? registry.park(stream) : null,
    base_url: null,
    results,
  }
  return guard.run(JSON_TIMEOUT_MS, () => stringify(response))
}

/** @throws ProtocolError when the body is not JSON */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch (error) {
    throw new ProtocolError('The body is not JSON', { cause: error })
  }
}

/**
 * @throws LimitError for a text longer than texts can be: characters that have to be escaped count once in the budget
 */
function stringify(response: HranaPipelineResponse): string {
  try {
    return JSON.stringify(response)
  } catch (error) {
    throw new LimitError('The answer is too large to be sent; ask for fewer rows', { cause: error })
  }
}

async function answer(request: HranaRequest, context: Context): Promise<HranaResult> {
  const { left } = context.budget
  try {
    return { type: 'ok', response: await respond(request, context) }
  } catch (error) {
    context.budget.refundTo(left)
    return { type: 'error', error: context.budget.spendError(toHranaError(error)) }
  }
}

async function respond(request: HranaRequest, context: Context): Promise<HranaResponse> {
  const { stream, caller, guard } = context
  switch (request.type) {
    case 'execute':
      return { type: 'execute', result: await executeOne(request.stmt, context) }
    case 'batch':
      return { type: 'batch', result: await executeBatch(request.batch, context) }
    case 'sequence':
      await stream.sequence(stream.textOf(request), caller, guard)
      return { type: 'sequence' }
    case 'describe':
      return { type: 'describe', result: describe(stream.textOf(request), context) }
    case 'store_sql':
      stream.storeSql(request.sql_id, request.sql)
      return { type: 'store_sql' }
    case 'close_sql':
      stream.closeSql(request.sql_id)
      return { type: 'close_sql' }
    case 'get_autocommit':
      return { type: 'get_autocommit', is_autocommit: stream.isAutocommit }
    case 'close':
      stream.close()
      return { type: 'close' }
  }
}

function describe(sql: string, { stream, budget, guard }: Context): HranaDescribeResult {
  const result = stream.describe(sql, guard)
  budget.spendColumns(result.cols)
  budget.spendColumns(result.params)
  return result
}

async function executeOne(statement: HranaStatement, context: Context): Promise<HranaStatementResult> {
  const collector = new ResultCollector(statement.want_rows, context.budget)
  return collector.result(await context.stream.execute(statement, collector, context.caller, context.guard))
}

async function executeBatch(batch: HranaBatch, context: Context): Promise<HranaBatchResult> {
  const results: (HranaStatementResult | null)[] = batch.steps.map(() => null)
  const errors: (HranaError | null)[] = batch.steps.map(() => null)
  let collector: ResultCollector
  const sink = {
    begin: (step: number) => {
      collector = new ResultCollector(batch.steps[step]!.stmt.want_rows, context.budget)
      return collector
    },
    end: (step: number, effect: Parameters<ResultCollector['result']>[0]) => {
      results[step] = collector.result(effect)
    },
    fail: (step: number, error: unknown) => {
      errors[step] = context.budget.spendError(toHranaError(error))
    },
  }
  await runBatch(context.stream, batch, sink, context.caller, context.guard)
  return { step_results: results, step_errors: errors }
}
