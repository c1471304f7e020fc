import { decodePullRequest, PAGE_SIZE } from '@tidemark/protocol'
import type { TapProxy } from '@tidemark/testkit'
import type { TursoClients } from '../peers/turso-client.ts'

export const ROWS = 1500

/** A table of about {@link ROWS} rows, four to a page, filled at the server. */
export async function fill(database: TursoClients): Promise<void> {
  await database.remote('CREATE TABLE item (id INTEGER PRIMARY KEY, body TEXT)')
  for (let first = 1; first <= ROWS; first += 250) {
    const rows = Array.from({ length: 250 }, (_, index) => `(${first + index}, hex(zeroblob(450)))`)
    await database.remote(`INSERT INTO item VALUES ${rows.join(',')}`)
  }
}

export interface Pull {
  readonly serverRevision: string
  readonly clientRevision: string
  readonly query: string | null
  readonly selects: boolean
  readonly status: number
  /** Whole pages in the answer. */
  readonly pages: number
  readonly answer: string
}

/** The pulls that have passed, since the last call. */
export function takePulls(tap: TapProxy): Pull[] {
  return tap.exchanges
    .splice(0)
    .filter(({ path }) => path.endsWith('/pull-updates'))
    .map(({ body, status, responseBody }) => {
      const { serverRevision, clientRevision, serverQuery, pageSelector } = decodePullRequest(body)
      return {
        serverRevision,
        clientRevision,
        query: serverQuery,
        selects: pageSelector !== null,
        status,
        pages: Math.floor(responseBody.byteLength / PAGE_SIZE),
        answer: status === 200 ? '' : responseBody.toString(),
      }
    })
}
