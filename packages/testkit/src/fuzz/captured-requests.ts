import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from './mutate-json.ts'

export interface CapturedRequest {
  readonly method: string
  /** Below the database. */
  readonly path: string
  /** JSON, or bytes as base64. */
  readonly body: Json
}

const PEERS = ['turso-sync-client', 'serverless-client', 'libsql-client', 'libsql-replica']

/** What real clients were seen to send. */
export function capturedRequests(): CapturedRequest[] {
  return PEERS.flatMap((peer) => {
    const file = join(import.meta.dirname, '../../../protocol/test/captures', `${peer}.json`)
    const { exchanges } = JSON.parse(readFileSync(file, 'utf8')) as { exchanges: CapturedRequest[] }
    return exchanges.map(({ method, path, body }) => ({
      method,
      path: path.replace(/^\/db\/[^/]+/, ''),
      body,
    }))
  })
}

/** The JSON bodies of requests whose path ends so. */
export function capturedBodies(pathEnd: string): Json[] {
  return capturedRequests().flatMap(({ path, body }) => (path.endsWith(pathEnd) ? [body] : []))
}
