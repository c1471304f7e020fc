import { ProtocolError } from '@tidemark/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ReplicaRequest } from '../../replica-frames/serve-replica.ts'
import type { WorkerAnswer } from '../../worker/worker-client.ts'
import { clientGone } from '../client-gone.ts'
import { errorBody, errorResponse, sendBody } from '../error-response.ts'
import { findDatabase } from '../find-database.ts'
import { sendStream } from '../send-stream.ts'
import type { ServerContext } from '../server-context.ts'

const MAX_NUMBER = 2 ** 32 - 1
/**
 * Told where there is no such database, or not for this token. A client that is refused here takes the server
 * for one that speaks another protocol, and never says why; this way it goes on to ask for the export, and
 * quotes what that is answered.
 */
const NO_GENERATION = 1

/**
 * What the embedded replica of libSQL's client reads: `GET /info`, `/export/{generation}`,
 * `/sync/{generation}/{start}/{end}`. It writes through SQL over HTTP. There is no HEAD of the last two: it would
 * read all that a GET sends.
 */
export function replicaFrames(app: FastifyInstance, context: ServerContext): void {
  const { config, pool } = context
  const ask = async (
    request: FastifyRequest,
    reply: FastifyReply,
    what: ReplicaRequest,
  ): Promise<WorkerAnswer<'replica'>> => {
    const { database } = await findDatabase(context, request, 'read')
    return pool.call('replica', database, { database, request: what }, { signal: clientGone(reply) })
  }
  const stream = (reply: FastifyReply, { result, chunks }: WorkerAnswer<'replica'>): FastifyReply =>
    sendStream(reply, chunks, {
      contentType: 'application/octet-stream',
      contentLength: result.contentLength,
      silenceMs: config.requestTimeoutMs,
    })

  app.route({
    method: 'GET',
    url: '/info',
    handler: async (request, reply) => {
      try {
        const { result } = await ask(request, reply, { type: 'info' })
        return await reply.send({ current_generation: result.generation })
      } catch (error) {
        const { status, body } = errorResponse(error)
        if (status !== 403 && status !== 404) throw error
        return reply.send({ current_generation: NO_GENERATION, ...body })
      }
    },
  })
  app.route({
    method: 'GET',
    exposeHeadRoute: false,
    url: '/export/:generation',
    handler: async (request, reply) => {
      const generation = numberIn(request, 'generation')
      return stream(reply, await ask(request, reply, { type: 'export', generation }))
    },
  })
  app.route({
    method: 'GET',
    exposeHeadRoute: false,
    url: '/sync/:generation/:start/:end',
    handler: async (request, reply) => {
      const generation = numberIn(request, 'generation')
      const answer = await ask(request, reply, {
        type: 'frames',
        generation,
        frame: numberIn(request, 'start'),
      })
      // The client knows by this status, and the number, that it has all frames of the generation.
      if (answer.result.generation !== null)
        return reply.status(400).send({ generation: answer.result.generation })
      return stream(reply, answer)
    },
  })
  for (const url of ['/sync/:generation/:start/:end', '/sync/:generation/:start/:end/:baton']) {
    app.route({
      method: 'POST',
      url,
      handler: async (_, reply) => {
        const code = 'TIDEMARK_FRAMES_REFUSED'
        const message =
          'Frames are not taken: open the replica without `offline`, so that it writes through SQL'
        return sendBody(reply.status(405), errorBody(code, message))
      },
    })
  }
}

function numberIn(request: FastifyRequest, name: string): number {
  const text = (request.params as Readonly<Record<string, string>>)[name] ?? ''
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > MAX_NUMBER) throw new ProtocolError(`${name} is not a number from 1`)
  return number
}
