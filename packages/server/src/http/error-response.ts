import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { isTidemarkError } from '@tidemark/protocol'
import type { TidemarkError } from '@tidemark/protocol'
import type { FastifyError, FastifyReply } from 'fastify'
import { explainDiskFailure } from '../disk-failure.ts'
import { explainTooManyFiles } from '../too-many-files.ts'
import { whileBodyComes } from './linger.ts'

/** `code` and `message` stand outside as well: libSQL's clients look for them there. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string }
  readonly code: string
  readonly message: string
}

export interface ErrorResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ErrorBody
}

const STATUS_BY_NAME: Readonly<Record<string, number>> = {
  ProtocolError: 400,
  DatabaseNameError: 400,
  UnauthenticatedError: 401,
  EncryptionUnavailableError: 403,
  ForbiddenError: 403,
  DatabaseNotFoundError: 404,
  DatabaseExistsError: 409,
  LimitError: 413,
  BusyError: 503,
  WorkerLostError: 503,
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  TIDEMARK_REVISION_GONE: 410,
  TIDEMARK_HISTORY_DAMAGED: 503,
  TIDEMARK_PUSH_RECORDS: 409,
}

/**
 * What a failed request is answered. The operator should hear of any status from 500 on but 503, and of a disk
 * that is full or fails.
 */
export function errorResponse(error: unknown): ErrorResponse {
  const explained = explainTooManyFiles(error) ?? explainDiskFailure(error)
  if (isTidemarkError(explained)) return fromTidemark(explained)
  const {
    statusCode = 500,
    code = 'INTERNAL',
    message,
  } = error as Partial<FastifyError> & { message: string }
  if (statusCode >= 500)
    return response(statusCode, 'TIDEMARK_INTERNAL', 'The server failed; its log says why')
  return response(statusCode, code, message)
}

function fromTidemark(error: TidemarkError): ErrorResponse {
  const status = STATUS_BY_CODE[error.code] ?? STATUS_BY_NAME[error.name] ?? 500
  const headers: Record<string, string> = {}
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (status === 503) headers['retry-after'] = String(retryAfterSeconds(error))
  const message = status === 500 ? 'The server failed; its log says why' : error.message
  return response(status, error.code, message, headers)
}

function retryAfterSeconds(error: TidemarkError): number {
  const { retryAfterMs = 1000 } = error as { readonly retryAfterMs?: number }
  return Math.max(Math.ceil(retryAfterMs / 1000), 1)
}

function response(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorResponse {
  return { status, headers, body: errorBody(code, message) }
}

/** For a path at which nothing is served. */
export function notFound(path: string): ErrorBody {
  const isDatabaseCut = /^\/db\/v[23](?:-protobuf)?(?:\/|$)/.test(path)
  const message = isDatabaseCut
    ? 'There is nothing at this address. A client that resolves paths against the database’s URL needs a slash at the URL’s end: /db/<name>/'
    : 'There is nothing at this address'
  return errorBody('NOT_FOUND', message)
}

export function errorBody(code: string, message: string): ErrorBody {
  return { error: { code, message }, code, message }
}

/** As `application/json` and nothing behind it: with a charset libSQL's client does not look into it. */
export function sendBody(reply: FastifyReply, body: ErrorBody): FastifyReply {
  return reply.header('content-type', 'application/json').send(encode(body))
}

/** The same, to a client that still sends what is not wanted. */
export function sendBodyAndClose(
  reply: FastifyReply,
  body: ErrorBody,
  request: IncomingMessage,
): FastifyReply {
  const bytes = encode(body)
  return reply
    .header('content-type', 'application/json')
    .header('content-length', bytes.byteLength)
    .send(Readable.from(whileBodyComes(bytes, request), { objectMode: false }))
}

function encode(body: ErrorBody): Buffer {
  return Buffer.from(JSON.stringify(body))
}
