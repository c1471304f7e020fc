import { quoteIdentifier } from '@tidemark/engine'
import { fromHranaValue, ProtocolError } from '@tidemark/protocol'
import type {
  Change,
  ConflictRow,
  HranaError,
  HranaRows,
  PushResponse,
  RowChange,
  SqlValue,
} from '@tidemark/protocol'
import { NetworkError } from '../../errors/network-error.ts'
import type { PushAnswer, PushBatch } from '../remote-dialect.ts'
import { writeBatchBody } from './batch-body.ts'
import { PushScript, UnsendableChange } from './push-script.ts'
import type { PushScriptInput, StepPurpose } from './push-script.ts'
import { plain, readPushState } from './push-state.ts'
import type { PushState } from './push-state.ts'
import { isPassing, messageOf, sqliteCodeOf } from './remote-failure.ts'
import { isKeyed, reportedKey, selectRow } from './row-statements.ts'
import type { SqlPipeline } from './sql-pipeline.ts'
import type { BatchOutcome } from './step-outcomes.ts'

/** How often a push begins again because somebody else has written in between. */
const MAX_RACES = 4
const BUSY_RETRY_MS = 100
/** Larger batches are divided between transactions; tursodb answers nobody else while it runs one. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024

/** One attempt to push a batch through SQL over HTTP. */
export class TursoPush {
  readonly #pipeline: SqlPipeline
  readonly #batch: PushBatch
  readonly #signal: AbortSignal

  constructor(pipeline: SqlPipeline, batch: PushBatch, signal: AbortSignal) {
    this.#pipeline = pipeline
    this.#batch = batch
    this.#signal = signal
  }

  async run(): Promise<PushAnswer> {
    const { header } = this.#batch
    for (let race = 0; race < MAX_RACES; race += 1) {
      const state = await readPushState(this.#pipeline, header.clientId, this.#signal)
      const { pushId, lastChangeId, rowids } = state
      if (pushId !== null && isSame(pushId, header.pushId))
        // What it has overwritten was in the answer that was lost: such a server has nobody who would record it.
        return {
          type: 'already-applied',
          revision: '',
          lastChangeId,
          overwritten: [],
          overwrittenCount: 0,
          rowids: [...rowids],
        }
      // Also a client that has pushed to a database which is not there any more.
      if (!isSame(pushId ?? new Uint8Array(), header.previousPushId)) return { type: 'forked' }
      const outcome = await this.#attempt(state)
      if (outcome !== null) return outcome
    }
    return { type: 'busy', retryAfterMs: BUSY_RETRY_MS }
  }

  /** Null: somebody else has written in between. */
  async #attempt(state: PushState): Promise<PushAnswer | null> {
    const input = this.#input(state)
    const script = new PushScript(input)
    try {
      using batch = await writeBatchBody(script.steps(), this.#batch.isDivisible ? MAX_BATCH_BYTES : null)
      if (batch.body === null) return { type: 'too-large', operations: batch.operations }
      const commit = batch.steps - 2
      const outcome = await this.#pipeline.batch(batch.body, batch.steps, commit, this.#signal)
      if (!outcome.isDone) return await this.#failure(input, outcome, commit)
    } catch (error) {
      if (!(error instanceof UnsendableChange)) throw error
      return rejection(error.change, { code: '', message: error.message })
    }
    const { lastChangeId } = this.#batch.header
    return {
      type: 'ok',
      // SQL over HTTP does not say which revision a commit made.
      revision: '',
      lastChangeId,
      overwritten: [],
      overwrittenCount: 0,
      rowids: script.rowids.entries(),
    }
  }

  #input(state: PushState): PushScriptInput {
    const known = new Map<string, bigint>()
    return {
      header: this.#batch.header,
      changes: this.#batch.changes,
      state,
      largestRowid: async (table, rowidName) => {
        const largest = known.get(table) ?? (await this.#largestRowid(table, rowidName))
        known.set(table, largest)
        return largest
      },
    }
  }

  /** A table that is not there yet has no rows. */
  async #largestRowid(table: string, rowidName: string): Promise<bigint> {
    const sql = `SELECT max(${rowidName}) FROM ${quoteIdentifier(table)}`
    const [outcome] = await this.#pipeline.execute([plain(sql)], this.#signal)
    const value = outcome?.ok?.rows[0]?.[0]
    const largest = value === undefined ? null : fromHranaValue(value)
    return typeof largest === 'bigint' && largest > 0n ? largest : 0n
  }

  async #failure(
    input: PushScriptInput,
    outcome: BatchOutcome,
    commit: number,
  ): Promise<PushResponse | null> {
    // What comes after a failure is not run, and a schema statement that may fail is followed by its goal.
    const failed = Math.max(...[...outcome.errors.keys()].filter((step) => step <= commit), -1)
    const error = outcome.errors.get(failed)
    if (error === undefined) throw new ProtocolError('the server neither commits a push nor says why')
    const purpose = await purposeOf(input, failed)
    switch (purpose.type) {
      case 'state':
      case 'rowids':
        return null
      case 'begin':
        return { type: 'busy', retryAfterMs: BUSY_RETRY_MS }
      case 'as-known':
      case 'row-is-there':
        return isPassing(error) ? failing(error) : await this.#conflict(purpose.change)
      case 'change':
      case 'schema':
        return isPassing(error) ? failing(error) : rejection(purpose.change, error)
      case 'schema-goal': {
        const cause = outcome.errors.get(failed - 1) ?? error
        return isPassing(cause) ? failing(cause) : rejection(purpose.change, cause)
      }
      case 'setup':
        if (isOfTidemark(error)) throw otherProtocol(error)
        return failing(error)
      case 'record':
      case 'commit':
      case 'rollback':
        return failing(error)
    }
  }

  /**
   * A row is not as the client knew it. An update whose row is gone carries too little to make it again: the
   * pull that follows turns it into an insert.
   */
  async #conflict(change: RowChange): Promise<PushResponse> {
    const [outcome] = isKeyed(change) ? await this.#pipeline.execute([selectRow(change)], this.#signal) : []
    const remote = outcome?.ok === undefined ? null : namedRow(outcome.ok)
    const row: ConflictRow = {
      changeId: change.changeId,
      table: change.table.name,
      key: [...reportedKey(change)],
      kind: conflictKind(change, remote),
      remote,
    }
    return { type: 'conflict', rows: [row], rowCount: 1 }
  }
}

function conflictKind({ kind }: RowChange, remote: ConflictRow['remote']): ConflictRow['kind'] {
  if (kind === 'insert') return 'insert/insert'
  if (kind === 'delete') return 'delete/update'
  return remote === null ? 'update/delete' : 'update/update'
}

/** The row as it is on the server; an infinity, which JSON does not carry, as NULL. */
function namedRow({ cols, rows }: HranaRows): Record<string, SqlValue> | null {
  const [row] = rows
  if (row === undefined) return null
  const values = row.map((value) =>
    value.type === 'float' && value.value === null ? null : fromHranaValue(value),
  )
  return Object.fromEntries(cols.map(({ name }, index) => [name ?? '', values[index] ?? null]))
}

/** What a step was for: the steps are made again up to it, rather than remembered. */
async function purposeOf(input: PushScriptInput, wanted: number): Promise<StepPurpose> {
  let at = 0
  for await (const { purpose } of new PushScript(input).steps()) {
    if (at === wanted) return purpose
    at += 1
  }
  throw new ProtocolError(`the server reports the failure of step ${wanted} of ${at}`)
}

function rejection(change: Change, error: HranaError): PushResponse {
  const isSchema = change.kind === 'schema'
  return {
    type: 'rejected',
    changeId: change.changeId,
    table: isSchema ? '' : change.table.name,
    key: isSchema ? [] : [...reportedKey(change)],
    sqliteCode: sqliteCodeOf(error),
    message: messageOf(error),
  }
}

function failing({ message }: HranaError): never {
  throw new NetworkError(`the server could not run a push: ${message}`, { code: 'TIDEMARK_REMOTE_FAILURE' })
}

/** Whether a server refuses a setup step because the table of pushes is its own. */
function isOfTidemark({ code, message }: HranaError): boolean {
  return code === 'SQL_NOT_ALLOWED' && message.includes('tidemark_push')
}

function otherProtocol({ message }: HranaError): NetworkError {
  return new NetworkError(
    `the server is Tidemark's, and takes no pushes in Turso's protocol (${message}). Nothing was pushed, and nothing is lost: open the database with protocol: 'auto', the default, or 'tidemark'.`,
    { code: 'TIDEMARK_REMOTE_FAILURE', recovery: 'operator' },
  )
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
