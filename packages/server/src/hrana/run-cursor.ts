import { parseCursorRequest } from '@tidemark/protocol'
import type { HranaColumn, HranaCursorEntry, HranaCursorResponse, HranaValue } from '@tidemark/protocol'
import type { Caller } from '../worker/worker-calls.ts'
import { PIECE_BYTES } from './pieces.ts'
import type { ResponseBudget } from './response-budget.ts'
import { runBatch } from './run-batch.ts'
import { JSON_TIMEOUT_MS, parseJson } from './run-pipeline.ts'
import { toHranaError } from './sql-error.ts'
import type { StatementGuard } from './statement-guard.ts'
import type { StreamRegistry } from './stream-registry.ts'

/**
 * `POST /v3/cursor`: runs a batch; the answer is lines of JSON, the first with the baton of the stream where
 * it stays open. One step's rows are held in memory at a time: a statement cannot pause half-way while others
 * use the worker.
 *
 * @throws ProtocolError, LimitError before the first line
 */
export async function* runCursor(
  registry: StreamRegistry,
  body: Uint8Array,
  budget: ResponseBudget,
  caller: Caller,
  guard: StatementGuard,
): AsyncGenerator<Uint8Array> {
  const request = guard.run(JSON_TIMEOUT_MS, () => parseCursorRequest(parseJson(body)))
  // Where this fails, the stream stays parked.
  if (request.baton !== null) guard.begin()
  const stream = registry.take(request.baton)
  const lines = new Lines()
  const sink = {
    begin: (step: number) => ({
      columns: (cols: readonly HranaColumn[]) => {
        budget.spendColumns(cols)
        lines.add({ type: 'step_begin', step, cols })
      },
      row: (row: readonly HranaValue[]) => {
        budget.spendRow(row)
        lines.add({ type: 'row', row })
      },
    }),
    end: (_: number, effect: { readonly affectedRows: number; readonly lastInsertRowid: bigint | null }) => {
      const { affectedRows, lastInsertRowid } = effect
      const entry = {
        affected_row_count: affectedRows,
        last_insert_rowid: lastInsertRowid?.toString() ?? null,
      }
      lines.add({ type: 'step_end', ...entry })
    },
    fail: (step: number, error: unknown) =>
      lines.add({ type: 'step_error', step, error: budget.spendError(toHranaError(error)) }),
  }
  let isKept = false
  try {
    await runBatch(stream, request.batch, sink, caller, guard)
    isKept = stream.hasState && !guard.signal.aborted
  } finally {
    if (!isKept) registry.end(stream)
  }
  const first: HranaCursorResponse = { baton: isKept ? registry.park(stream) : null, base_url: null }
  yield Buffer.from(`${JSON.stringify(first)}\n`)
  yield* lines.chunks()
}

/** Lines of JSON, joined into pieces of a good size to send. */
class Lines {
  readonly #pieces: Buffer[] = []
  #text = ''

  add(entry: HranaCursorEntry): void {
    this.#text += `${JSON.stringify(entry)}\n`
    if (this.#text.length >= PIECE_BYTES) this.#flush()
  }

  *chunks(): Generator<Uint8Array> {
    this.#flush()
    yield* this.#pieces
  }

  #flush(): void {
    if (this.#text !== '') this.#pieces.push(Buffer.from(this.#text))
    this.#text = ''
  }
}
