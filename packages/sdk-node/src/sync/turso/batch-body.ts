import { closeSync, mkdtempSync, openAsBlob, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Step } from './push-script.ts'

/** A body up to this size is kept in memory, bytes. */
const MAX_IN_MEMORY = 4 * 1024 * 1024

/** The body of a pipeline that is one batch. Dispose it when it was sent. */
export interface BatchBody extends Disposable {
  /** Null: it would be too large. */
  readonly body: Uint8Array | Blob | null
  readonly steps: number
  /** Changes in it, or that would fit. */
  readonly operations: number
}

/**
 * Writes the steps as JSON. The length of a body must be known before it is sent, since tursodb does not read
 * chunked bodies, so a large one goes through a temporary file (I7). A body of more than `maxBytes` is not
 * finished.
 */
export async function writeBatchBody(
  steps: AsyncIterable<Step>,
  maxBytes: number | null,
): Promise<BatchBody> {
  const spool = new Spool()
  try {
    spool.write('{"baton":null,"requests":[{"type":"batch","batch":{"steps":[')
    let count = 0
    let operations = 0
    for await (const step of steps) {
      if (maxBytes !== null && spool.size > maxBytes && operations > 0)
        return { body: null, steps: count, operations, [Symbol.dispose]: () => spool.remove() }
      if (step.purpose.type === 'change' || step.purpose.type === 'schema') operations += 1
      spool.write(`${count === 0 ? '' : ','}${stepJson(step)}`)
      count += 1
    }
    spool.write(']}}]}')
    return { body: await spool.body(), steps: count, operations, [Symbol.dispose]: () => spool.remove() }
  } catch (error) {
    spool.remove()
    throw error
  }
}

function stepJson({ sql, args, condition }: Step): string {
  const stmt = { sql, args, named_args: [], want_rows: false }
  return JSON.stringify(condition === null ? { stmt } : { condition, stmt })
}

/** Collects bytes in memory, and moves them to a file when they become many. */
class Spool {
  #chunks: Buffer[] = []
  #bytes = 0
  /** Bytes written in all. */
  size = 0
  #file: { readonly folder: string; readonly path: string; readonly descriptor: number } | null = null

  write(text: string): void {
    const chunk = Buffer.from(text)
    this.#chunks.push(chunk)
    this.#bytes += chunk.byteLength
    this.size += chunk.byteLength
    if (this.#bytes > MAX_IN_MEMORY) this.#flush()
  }

  async body(): Promise<Uint8Array | Blob> {
    if (this.#file === null) return Buffer.concat(this.#chunks)
    this.#flush()
    return await openAsBlob(this.#file.path)
  }

  remove(): void {
    if (this.#file === null) return
    closeSync(this.#file.descriptor)
    rmSync(this.#file.folder, { recursive: true, force: true })
    this.#file = null
  }

  #flush(): void {
    if (this.#file === null) {
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-push-'))
      const path = join(folder, 'batch.json')
      this.#file = { folder, path, descriptor: openSync(path, 'wx', 0o600) }
    }
    for (const chunk of this.#chunks)
      for (let at = 0; at < chunk.byteLength;) at += writeSync(this.#file.descriptor, chunk, at)
    this.#chunks = []
    this.#bytes = 0
  }
}
