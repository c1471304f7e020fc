import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BodyMemory } from '../http/body-memory.ts'

/** Bodies up to this size are kept in memory. */
const MEMORY_BYTES = 8 * 1024 * 1024

export interface SpooledBody {
  /** The body; empty where it is in a file. */
  readonly bytes: Uint8Array
  readonly file: string | null
  /** Removes the file, gives the memory back. */
  remove(): Promise<void>
}

/**
 * Receives a body whole before anything is done with it: in memory while it is small and there is `memory`, else in a file in
 * `directory`.
 */
export async function spoolBody(
  pieces: AsyncIterable<Buffer>,
  directory: string,
  memory: BodyMemory,
): Promise<SpooledBody> {
  const kept: Buffer[] = []
  let length = 0
  const iterator = pieces[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await iterator.next()
      if (next.done === true)
        return { bytes: Buffer.concat(kept), file: null, remove: async () => memory.release(length) }
      kept.push(next.value)
      if (length + next.value.length > MEMORY_BYTES || !memory.take(next.value.length)) break
      length += next.value.length
    }
  } catch (error) {
    memory.release(length)
    throw error
  }
  memory.release(length)
  return spoolToFile(kept, iterator, join(directory, `${randomUUID()}.push`))
}

async function spoolToFile(
  kept: readonly Buffer[],
  rest: AsyncIterator<Buffer>,
  path: string,
): Promise<SpooledBody> {
  const file = await open(path, 'wx', 0o600)
  try {
    for (const piece of kept) await file.write(piece)
    for (;;) {
      const next = await rest.next()
      if (next.done === true) break
      await file.write(next.value)
    }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return { bytes: new Uint8Array(0), file: path, remove: async () => rm(path, { force: true }) }
}
