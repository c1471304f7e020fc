import type { PullEvent } from '@tidemark/protocol'
import type { HttpTransport } from '../../transport/http-transport.ts'
import type { ArrivedEvents, PullQuery, PushAnswer, PushBatch, RemoteDialect } from '../remote-dialect.ts'
import { SqlPipeline } from './sql-pipeline.ts'
import { TursoPull } from './turso-pull.ts'
import { TursoPush } from './turso-push.ts'

/** Changes per batch: tursodb answers nobody else while it runs one. */
const MAX_OPERATIONS = 5000

/**
 * Raw pages down by `/pull-updates`, changes up as SQL by `/v2/pipeline`: what Turso's own clients do, with more care.
 */
export class TursoDialect implements RemoteDialect {
  readonly name = 'turso'
  readonly beforeImages = 'whole'
  readonly maxOperations: number = MAX_OPERATIONS
  readonly rowidsAreReused = true
  readonly #pull: TursoPull
  readonly #pipeline: SqlPipeline

  constructor(transport: HttpTransport) {
    this.#pull = new TursoPull(transport)
    this.#pipeline = new SqlPipeline(transport)
  }

  /**
   * A revision that no Turso server has: another kind of server, which speaks this dialect too, has taken its place.
   */
  get isInDoubt(): boolean {
    return this.#pull.isInDoubt
  }

  async *pull(query: PullQuery, signal: AbortSignal): AsyncGenerator<ArrivedEvents, void, undefined> {
    for await (const event of this.#pull.pull(query, signal)) yield alone(event)
  }

  async push(batch: PushBatch, signal: AbortSignal): Promise<PushAnswer> {
    await batch.onDisk
    return await new TursoPush(this.#pipeline, batch, signal).run()
  }
}

function* alone(event: PullEvent): ArrivedEvents {
  yield event
}
