import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KeptPull } from './kept-pull.ts'

const CHUNKS = ['header', 'first group', 'second group', 'end'].map((text) => Buffer.from(text))
const WHOLE = Buffer.concat(CHUNKS).toString()

let directory: string
let kept: KeptPull
let made: number

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-kept-pull-'))
  kept = new KeptPull(join(directory, 'kept'))
  made = 0
})

afterEach(() => {
  kept.close()
  rmSync(directory, { recursive: true })
})

async function* make(): AsyncGenerator<Uint8Array> {
  made += 1
  yield* CHUNKS
}

async function ask(revision: string): Promise<string> {
  return textOf(kept.stream(revision, make))
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Descriptors on the file. */
function descriptors(): string[] {
  const folder = '/proc/self/fd'
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => {
      try {
        return readlinkSync(path).startsWith(directory)
      } catch {
        return false
      }
    })
}

describe('a kept pull', () => {
  test('is made for the first two who ask for a revision, and is the same for those behind them', async () => {
    for (let client = 0; client < 4; client++) expect(await ask('e.1')).toBe(WHOLE)
    expect(made).toBe(2)
    expect(readdirSync(directory)).toEqual([])
  })

  test('ends when another revision is asked for', async () => {
    for (const revision of ['e.1', 'e.1', 'e.2', 'e.1', 'e.1', 'e.1']) await ask(revision)
    expect(made).toBe(5)
    await ask('e.2')
    expect(descriptors()).toEqual([])
  })

  test('is not kept when its reader leaves early, or another revision is asked for meanwhile', async () => {
    await ask('e.1')
    for await (const _ of kept.stream('e.1', make)) break
    expect(descriptors()).toEqual([])
    const slow = kept.stream('e.1', make)[Symbol.asyncIterator]()
    await slow.next()
    await ask('e.2')
    for (let next = await slow.next(); next.done !== true; next = await slow.next());
    expect(descriptors()).toEqual([])
  })

  test('is kept once when several ask at the same time', async () => {
    await ask('e.1')
    const streams = Array.from({ length: 3 }, () => kept.stream('e.1', make))
    expect(await Promise.all(streams.map(textOf))).toEqual([WHOLE, WHOLE, WHOLE])
    expect(descriptors()).toHaveLength(1)
    await ask('e.2')
    expect(descriptors()).toEqual([])
  })

  test.each([0, 8, 24])('that is damaged at byte %i is made again from there', async (position) => {
    await ask('e.1')
    await ask('e.1')
    const damaged = Buffer.from(WHOLE)
    damaged[position]! ^= 1
    writeFileSync(descriptors()[0]!, damaged)
    expect(await ask('e.1')).toBe(WHOLE)
    expect([made, descriptors()]).toEqual([3, []])
  })

  test('is read to its end by those who read it when it is let go of', async () => {
    await ask('e.1')
    await ask('e.1')
    const reading = kept.stream('e.1', make)[Symbol.asyncIterator]()
    const never = kept.stream('e.1', make)[Symbol.asyncIterator]()
    const read = [(await reading.next()).value as Uint8Array]
    kept.close()
    for (let next = await reading.next(); next.done !== true; next = await reading.next())
      read.push(next.value)
    expect(Buffer.concat(read).toString()).toBe(WHOLE)
    expect([made, descriptors()]).toEqual([2, []])
    expect((await never.next()).value).toEqual(CHUNKS[0])
    expect(made).toBe(3)
  })

  test('where the file cannot be written is made each time', async () => {
    kept = new KeptPull(join(directory, 'missing', 'kept'))
    for (let client = 0; client < 3; client++) expect(await ask('e.1')).toBe(WHOLE)
    expect(made).toBe(3)
  })
})
