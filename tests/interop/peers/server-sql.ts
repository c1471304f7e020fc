import { fromHranaValue } from '@tidemark/protocol'
import type { HranaValue } from '@tidemark/protocol'
import type { Query } from './table-contents.ts'

interface PipelineAnswer {
  readonly results: readonly {
    readonly response?: {
      readonly result: {
        readonly step_results: readonly ({ readonly rows: readonly HranaValue[][] } | null)[]
        readonly step_errors: readonly ({ readonly message: string } | null)[]
      }
    }
  }[]
}

/** Asks a server, Tidemark's or Turso's, over `/v2/pipeline`: what it holds, not what a client believes. */
export function serverQuery(url: string, headers: Record<string, string> = {}): Query {
  return async (sql) => {
    const stmt = { sql, args: [], named_args: [], want_rows: true }
    const response = await fetch(`${url}/v2/pipeline`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ baton: null, requests: [{ type: 'batch', batch: { steps: [{ stmt }] } }] }),
    })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    const { results } = (await response.json()) as PipelineAnswer
    const { step_results: rows, step_errors: errors } = results[0]!.response!.result
    if (errors[0] !== null && errors[0] !== undefined) throw new Error(errors[0].message)
    return rows[0]!.rows.map((row) => row.map(fromHranaValue))
  }
}
