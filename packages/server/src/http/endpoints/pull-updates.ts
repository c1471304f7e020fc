import type { FastifyInstance } from 'fastify'
import type { WorkerAnswer } from '../../worker/worker-client.ts'
import { WorkerLostError } from '../../worker/worker-client.ts'
import { clientGone } from '../client-gone.ts'
import { findDatabase } from '../find-database.ts'
import { withBody } from '../read-body.ts'
import { sendStream } from '../send-stream.ts'
import { bodyLimits } from '../server-context.ts'
import type { ServerContext } from '../server-context.ts'

const MAX_REQUEST_BYTES = 16 * 1024 * 1024
const RESUMPTIONS = 3
/** A longer request is not kept while its answer is taken, which may be for long. */
const MAX_RESUMABLE_BYTES = 16 * 1024

interface Pull {
  readonly first: WorkerAnswer<'pull'>
  /**
   * Goes on behind the bytes that were sent, after the worker that sent them has ended. Null: the client has
   * to begin anew.
   */
  readonly resume: ((sentBytes: number) => Promise<WorkerAnswer<'pull'>>) | null
}

/** `POST /pull-updates`, in both dialects. */
export function pullUpdates(app: FastifyInstance, context: ServerContext): void {
  const { config, pool } = context
  app.route({
    method: 'POST',
    url: '/pull-updates',
    handler: async (request, reply) => {
      const { database } = await findDatabase(context, request, 'read')
      const isTidemark = request.headers['tidemark-dialect'] === '1'
      const signal = clientGone(reply)
      const pull = await withBody(
        request.raw,
        bodyLimits(context, MAX_REQUEST_BYTES),
        async (bytes): Promise<Pull> => {
          const ask = async (
            skipBytes: number,
            pinnedRevision: string | null,
          ): Promise<WorkerAnswer<'pull'>> =>
            pool.call(
              'pull',
              database,
              { database, isTidemark, skipBytes, pinnedRevision },
              { bytes, signal },
            )
          const first = await ask(0, null)
          if (bytes.byteLength > MAX_RESUMABLE_BYTES) return { first, resume: null }
          return { first, resume: async (sentBytes) => ask(sentBytes, first.result.revision) }
        },
      )
      const { bytes } = pull.first
      return sendStream(reply, bytes.byteLength > 0 ? bytes : resumable(pull), {
        contentType: 'application/protobuf',
        contentLength: pull.first.result.contentLength,
        silenceMs: config.requestTimeoutMs,
      })
    },
  })
}

/**
 * A pull is the same bytes whoever sends it, so one that another tenant's statement interrupted goes on where it was.
 */
async function* resumable({ first, resume }: Pull): AsyncGenerator<Uint8Array> {
  let { chunks } = first
  let sentBytes = 0
  for (let resumptions = 0; ; resumptions++) {
    try {
      for await (const chunk of chunks) {
        sentBytes += chunk.byteLength
        yield chunk
      }
      return
    } catch (error) {
      if (!(error instanceof WorkerLostError) || resume === null || resumptions === RESUMPTIONS) throw error
    }
    ;({ chunks } = await resume(sentBytes))
  }
}
