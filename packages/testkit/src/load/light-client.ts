import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import type { Agent } from 'node:http'
import {
  decodePushResponse,
  encodePullRequest,
  PAGE_SIZE,
  PullDecoder,
  PushEncoder,
} from '@tidemark/protocol'
import type { TableShape } from '@tidemark/protocol'

const ITEM: TableShape = { name: 'item', columns: ['id', 'body'], key: [0] }
export const ITEM_SCHEMA = 'CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, body TEXT)'
const PROTOBUF = { 'content-type': 'application/protobuf', 'tidemark-dialect': '1' }
const NONE = new Uint8Array(0)

/**
 * A client that speaks the protocol and keeps pages in memory: little work for itself, so that the server's
 * is measured.
 */
export class LightClient {
  readonly #url: URL
  readonly #id: string
  readonly #agent: Agent
  readonly #pages = new Map<number, Buffer>()
  #revision = ''
  #sizeInPages = 0
  #pushId: Uint8Array = NONE
  #changeId = 0

  constructor(database: string, id: string, agent: Agent) {
    this.#url = new URL(database)
    this.#id = id
    this.#agent = agent
  }

  /**
   * Inserts rows; `schema` goes ahead of them. Waits and tries again where the server is busy. @returns how
   * often it was
   */
  async push(ids: readonly number[], body: string, schema: string | null = null): Promise<number> {
    const encoder = new PushEncoder()
    const pushId = randomBytes(16)
    const count = ids.length + (schema === null ? 0 : 1)
    const header = encoder.header({
      clientId: this.#id,
      pushId,
      previousPushId: this.#pushId,
      baseRevision: this.#revision,
      firstChangeId: this.#changeId + 1,
      lastChangeId: this.#changeId + count,
      walPages: 1,
      conflictPolicy: 'last-push-wins',
      enforceForeignKeys: false,
    })
    const parts: Uint8Array[] = [header]
    let changeId = this.#changeId
    if (schema !== null)
      parts.push(encoder.change({ kind: 'schema', changeId: ++changeId, sql: schema }) ?? NONE)
    for (const id of ids) {
      const about = { kind: 'insert', changeId: ++changeId, table: ITEM, rowid: BigInt(id), key: [] } as const
      const change = {
        ...about,
        columns: [0, 1],
        values: [BigInt(id), body],
        expectedColumns: [],
        expected: [],
      }
      parts.push(encoder.change(change) ?? NONE)
    }
    const bytes = Buffer.concat([...parts, ...encoder.end()])
    for (let busy = 0; ; busy++) {
      const { status, answer } = await this.#post('/push-changes', bytes)
      if (status === 503) continue
      if (status !== 200) throw new Error(`a push was answered ${status}: ${answer.toString()}`)
      const response = decodePushResponse(answer)
      if (response.type === 'busy') continue
      if (response.type !== 'ok' && response.type !== 'already-applied')
        throw new Error(`a push was ${response.type}`)
      this.#pushId = pushId
      this.#changeId = changeId
      return busy
    }
  }

  async pull(): Promise<void> {
    const body = encodePullRequest({
      encoding: 'zstd',
      serverRevision: '',
      clientRevision: this.#revision,
      longPollTimeoutMs: 0,
      pageSelector: null,
      serverQuery: null,
    })
    const { status, answer } = await this.#post('/pull-updates', body)
    if (status !== 200) throw new Error(`a pull was answered ${status}: ${answer.toString()}`)
    const decoder = new PullDecoder({ oldImage: (page) => this.#pages.get(page) ?? null })
    const pulled = [...decoder.push(answer)]
    decoder.end()
    for (const event of pulled) {
      if (event.type === 'page') this.#pages.set(event.pageNumber, Buffer.from(event.image))
      else {
        this.#revision = event.header.revision
        this.#sizeInPages = event.header.sizeInPages
      }
    }
  }

  /** Of the whole file as it is here. */
  digest(): string {
    const hash = createHash('sha256')
    for (let page = 1; page <= this.#sizeInPages; page++)
      hash.update(this.#pages.get(page) ?? Buffer.alloc(PAGE_SIZE))
    return hash.digest('hex')
  }

  async #post(path: string, body: Uint8Array): Promise<{ readonly status: number; readonly answer: Buffer }> {
    const { hostname, port, pathname } = this.#url
    return new Promise((resolve, reject) => {
      const headers = { ...PROTOBUF, 'content-length': body.byteLength }
      const outgoing = request({
        hostname,
        port,
        path: pathname + path,
        method: 'POST',
        headers,
        agent: this.#agent,
      })
      outgoing.on('error', reject).on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, answer: Buffer.concat(chunks) }))
      })
      outgoing.end(body)
    })
  }
}
