/** SQL over HTTP, as little of it as tests need. */
export type SqlRow = readonly unknown[]

interface Answer {
  readonly results: readonly {
    readonly type: string
    readonly error?: { readonly message: string }
    readonly response?: {
      readonly result: {
        readonly rows: readonly (readonly { readonly value?: unknown; readonly base64?: string }[])[]
      }
    }
  }[]
}

/** Runs statements in autocommit, each of which must succeed. @returns the rows of the last */
export async function runSql(database: string, ...statements: readonly string[]): Promise<readonly SqlRow[]> {
  const requests = [...statements.map((sql) => ({ type: 'execute', stmt: { sql } })), { type: 'close' }]
  const response = await fetch(`${database}/v3/pipeline`, {
    method: 'POST',
    body: JSON.stringify({ requests }),
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const { results } = (await response.json()) as Answer
  const failed = results.find(({ type }) => type !== 'ok')
  if (failed !== undefined) throw new Error(failed.error?.message ?? 'failed')
  const rows = results[statements.length - 1]!.response!.result.rows
  return rows.map((row) => row.map((cell) => cell.value ?? cell.base64 ?? null))
}
