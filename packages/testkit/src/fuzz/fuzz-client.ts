import { join } from 'node:path'
import { connect } from '@tidemark/sdk-node'
import type { Database } from '@tidemark/sdk-node'
import { isTidemarkError } from '@tidemark/protocol'
import type { ServerProcess } from '../server-process.ts'
import { Random } from '../simulator/random.ts'
import { runSql } from '../sql-client.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import type { Finding } from './finding.ts'
import { lie } from './hostile-answers.ts'
import type { HonestAnswer } from './hostile-answers.ts'

const STEPS = 8
/** Endless answers are to be given up long before. */
const PATIENCE_MS = 20_000

/** A server that lies about some requests, seen through a client's `fetch`. */
class LyingServer {
  readonly #random: Random
  readonly #answers: HonestAnswer[] = []
  readonly told: string[] = []
  isHonest = true
  /** It has sent pages that nobody can know to be wrong: their checksums are right. */
  hasSealed = false

  constructor(random: Random) {
    this.#random = random
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (this.isHonest && this.#answers.length > 50) return response
    const url = input instanceof Request ? input.url : String(input)
    const path = new URL(url).pathname.replace(/^\/db\/[^/]+/, '')
    const answer = { path, status: response.status, body: Buffer.from(await response.arrayBuffer()) }
    const honest = new Response(new Uint8Array(answer.body), {
      status: response.status,
      headers: response.headers,
    })
    const isLie = !this.isHonest && this.#random.chance(70)
    if (!isLie) {
      this.#answers.push(answer)
      return honest
    }
    const { name, response: told } = lie(answer, this.#answers, this.#random)
    this.told.push(`${path}: ${name}`)
    this.hasSealed ||= name === 'sealed'
    return told
  }
}

/**
 * A client whose server lies for a while and then is honest again: it keeps its rows, fails with typed errors
 * only, and in the end converges.
 */
export async function fuzzClient(
  server: ServerProcess,
  seed: number,
): Promise<{ readonly cases: number; readonly findings: readonly Finding[] }> {
  const random = new Random(seed)
  const liar = new LyingServer(random)
  using folder = temporaryDirectory()
  const url = server.database(`fuzz-${seed}`)
  await runSql(
    url,
    'CREATE TABLE mine (id INTEGER PRIMARY KEY, body)',
    'CREATE TABLE theirs (id INTEGER PRIMARY KEY, body)',
  )
  const options = {
    path: join(folder.path, 'client.db'),
    url,
    fetch: liar.fetch,
    timeoutMs: 1000,
    retry: { attempts: 1 },
  }
  let client = await connect(options)
  let rows = 0
  let step = 0
  try {
    for (; step < STEPS; step++) {
      liar.isHonest = true
      if (random.chance(60))
        await runSql(url, `INSERT INTO theirs (body) VALUES (printf('%.*c', ${random.below(9000)}, 't'))`)
      rows += 1
      client.prepare('INSERT INTO mine VALUES (?, ?)').run(rows, 'm'.repeat(random.below(3000)))
      liar.isHonest = false
      await typedOutcome(random.weighted({ push: 3, pull: 4, sync: 2, poll: 1 }), client)
      await expectRowsOrMend(client, rows, liar)
      if (random.chance(25)) {
        client.close()
        client = await connect(options)
        await expectRowsOrMend(client, rows, liar)
      }
    }
    liar.isHonest = true
    await recover(client)
    await expectRowsOrMend(client, rows, liar)
    const [[count] = []] = await runSql(url, 'SELECT count(*) FROM mine')
    if (Number(count) !== rows) throw new Error(`the server has ${String(count)} of ${rows} rows`)
    return { cases: liar.told.length, findings: [] }
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return {
      cases: liar.told.length,
      findings: [{ seed, what: `step ${step}: ${why}\n  told: ${liar.told.slice(-6).join(', ')}` }],
    }
  } finally {
    client.close()
  }
}

async function typedOutcome(operation: 'push' | 'pull' | 'sync' | 'poll', client: Database): Promise<void> {
  const start = performance.now()
  try {
    if (operation === 'poll') await client.pull({ longPollTimeoutMs: 20 })
    else await client[operation]()
  } catch (error) {
    if (!isTidemarkError(error) || error.recovery === 'bug') throw error
  }
  const ms = performance.now() - start
  if (ms > PATIENCE_MS) throw new Error(`${operation} took ${ms.toFixed(0)} ms`)
}

/** With an honest server again; one that has lied about its state may make a new start necessary. */
async function recover(client: Database): Promise<void> {
  try {
    await client.sync()
  } catch (error) {
    if (!isTidemarkError(error) || error.recovery !== 'reset') throw error
    await client.reset()
    await client.sync()
  }
}

/**
 * Wrong pages inside valid checksums are believed, and show when they are read (docs/guarantees.md). Nothing
 * must be lost by that: a new start from the server, honest again, brings all rows.
 */
async function expectRowsOrMend(client: Database, rows: number, liar: LyingServer): Promise<void> {
  try {
    expectRows(client, rows, liar)
  } catch (error) {
    if (!liar.hasSealed) throw error
    liar.isHonest = true
    await client.reset()
    liar.hasSealed = false
    expectRows(client, rows, liar)
  }
}

/**
 * The rows that were pushed and pulled are the server's: one that goes back to an older state takes them
 * along, until it has them again.
 */
function expectRows(client: Database, rows: number, liar: LyingServer): void {
  const verdict = client.prepare('PRAGMA integrity_check').all()
  if (JSON.stringify(verdict) !== '[{"integrity_check":"ok"}]')
    throw new Error(`integrity_check: ${JSON.stringify(verdict)}`)
  const count = client.prepare('SELECT count(*) AS count FROM mine').get() as { count: number | bigint }
  const hasGoneBack = !liar.isHonest && liar.told.includes('/pull-updates: earlier')
  if (Number(count.count) !== rows && !hasGoneBack)
    throw new Error(`the client has ${count.count} of its ${rows} rows`)
}
