import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createServer } from '../src/create-server.ts'
import type { ServerConfig } from '../src/config/server-config.ts'
import type {
  HranaPipelineResponse,
  HranaRequest,
  HranaResult,
  HranaStatementResult,
} from '@tidemark/protocol'

/** A server in this process, on a port of its own, with a data directory that is gone afterwards. */
export interface RunningServer {
  readonly url: string
  readonly port: number
  readonly data: string
  /** Parsed log lines. */
  readonly logs: readonly Record<string, unknown>[]
  /** Creates a database. @returns its base URL */
  create(name: string): Promise<string>
  close(): Promise<void>
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'tidemark-server-'))
}

export async function startServer(config: Partial<ServerConfig> = {}): Promise<RunningServer> {
  const data = config.data ?? temporaryDirectory()
  const logs: Record<string, unknown>[] = []
  const logStream = new Writable({
    write(line: Buffer, _encoding, done) {
      logs.push(JSON.parse(line.toString()) as Record<string, unknown>)
      done()
    },
  })
  const server = createServer({
    workers: 1,
    durability: 'normal',
    logLevel: 'info',
    logStream,
    // Some tests leave answers unread.
    shutdownGraceMs: 500,
    ...config,
    data,
    port: 0,
  })
  const { host, port } = await server.listen()
  const url = `http://${host}:${port}`
  return {
    url,
    port,
    data,
    logs,
    async create(name) {
      const body = JSON.stringify({ name })
      const response = await fetch(`${url}/admin/v1/databases`, { method: 'POST', body })
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
      return `${url}/db/${name}`
    },
    async close() {
      await server.close()
      if (config.data === undefined) rmSync(data, { recursive: true, force: true })
    },
  }
}

export interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

export async function postJson<T>(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const response = await fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) as T }
}

/** Sends requests in one pipeline on a stream; without a baton a new one. */
export async function pipeline(
  database: string,
  requests: readonly HranaRequest[],
  options: { readonly baton?: string | null; readonly headers?: Record<string, string> } = {},
): Promise<HranaPipelineResponse> {
  const { status, body } = await postJson<HranaPipelineResponse & { message?: string }>(
    `${database}/v3/pipeline`,
    { baton: options.baton ?? null, requests },
    options.headers,
  )
  if (status !== 200) throw new Error(`${status} ${body.message ?? ''}`)
  return body
}

export function execute(sql: string, args: readonly unknown[] = []): HranaRequest {
  return {
    type: 'execute',
    stmt: { sql, sql_id: null, args, named_args: [], want_rows: true },
  } as HranaRequest
}

/** Runs statements in autocommit, each of which must succeed. @returns the rows of the last, as plain values */
export async function run(database: string, ...statements: string[]): Promise<unknown[][]> {
  const { results } = await pipeline(database, [...statements.map((sql) => execute(sql)), { type: 'close' }])
  const rows = results.slice(0, -1).map((result) => rowsOf(result))
  return rows.at(-1)!
}

export function resultOf(result: HranaResult | undefined): HranaStatementResult {
  if (result?.type !== 'ok' || result.response.type !== 'execute') throw new Error(JSON.stringify(result))
  return result.response.result
}

export function rowsOf(result: HranaResult | undefined): unknown[][] {
  return resultOf(result).rows.map((row) =>
    row.map((value) => {
      if (value.type === 'null') return null
      if (value.type === 'integer') return Number(value.value)
      return value.type === 'blob' ? value.base64 : value.value
    }),
  )
}

/** A request with any path, as no URL parser would let it through. */
export async function rawRequest(
  port: number,
  path: string,
  options: {
    readonly method?: string
    readonly headers?: Record<string, string>
    readonly body?: Uint8Array | string
  } = {},
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      port,
      path,
      method: options.method ?? 'GET',
      headers: options.headers ?? {},
    })
    request.on('error', reject)
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.end(options.body)
  })
}
