import { pbkdf2 } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { initProtocol, PullDecoder, PullEncoder } from '@tidemark/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { imageOf, ModelDatabase } from '../../test/history-model.ts'
import { LargePulls } from './large-pulls.ts'
import type { LargePull } from './large-pulls.ts'
import { PAGES_PER_CHUNK, pullStream } from './pull-stream.ts'

const PAGES = PAGES_PER_CHUNK * 6 + 5
const MEGABYTE = 1024 * 1024
const derive = promisify(pbkdf2)
const directory = mkdtempSync(join(tmpdir(), 'tidemark-pull-stream-'))
let database: ModelDatabase

beforeAll(async () => {
  await initProtocol()
  database = new ModelDatabase(directory, PAGES, MEGABYTE)
  const changes = new Map(Array.from({ length: PAGES / 2 }, (_, index) => [1 + index * 2, 5000 + index]))
  database.commit({ size: PAGES, changes })
  const grown = Array.from({ length: PAGES_PER_CHUNK * 2 }, (_, index) => PAGES - 1 + index)
  database.commit({ size: grown.at(-1)!, changes: new Map(grown.map((page) => [page, 9000 + page])) })
})

afterAll(() => {
  database.history.close()
  rmSync(directory, { recursive: true })
})

async function streamed(base: number | null, place: LargePull | null): Promise<Buffer> {
  const { history } = database
  const pages =
    base === null ? Uint32Array.from({ length: PAGES }, (_, i) => i + 1) : history.changedBetween(base, 1)
  const plan = { target: 1, base, sizeInPages: PAGES, pages }
  const encoder = new PullEncoder('tidemark')
  const header = encoder.header({ revision: 'r', sizeInPages: PAGES })
  const chunks: Uint8Array[] = []
  for await (const chunk of pullStream(history, plan, encoder, { header, place })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function pagesOf(stream: Buffer): Map<number, number> {
  const oldImage = (page: number): Buffer => imageOf(page)
  const decoder = new PullDecoder({ oldImage })
  const pages = new Map<number, number>()
  for (const event of decoder.push(stream))
    if (event.type === 'page') pages.set(event.pageNumber, Buffer.from(event.image).readUInt32LE(0))
  decoder.end()
  return pages
}

/** The pages of each group of a pull from revision 1 to 2; negative: with an old image. */
async function groupsOf(pages: Uint32Array): Promise<number[][]> {
  const encoder = new PullEncoder('tidemark')
  const encode = vi.spyOn(encoder, 'pages')
  const plan = { target: 2, base: 1, sizeInPages: database.history.sizeAt(2), pages }
  const options = { header: new Uint8Array(1), place: null }
  for await (const chunk of pullStream(database.history, plan, encoder, options)) expect(chunk).toBeDefined()
  return encode.mock.calls.map(([group]) =>
    group.map(({ pageNumber, oldImage }) => (oldImage === null ? pageNumber : -pageNumber)),
  )
}

test('pages that the client has in an older image are in groups of their own, unless one group has all', async () => {
  const changed = database.history.changedBetween(1, 2)
  expect(changed.length).toBe(PAGES_PER_CHUNK * 2)
  const groups = await groupsOf(changed)
  expect(groups.map((group) => group.length)).toEqual([2, PAGES_PER_CHUNK, PAGES_PER_CHUNK - 2])
  expect(groups[0]).toEqual([-(PAGES - 1), -PAGES])
  expect(groups[1]![0]).toBe(PAGES + 1)
  expect(await groupsOf(changed.subarray(0, 4))).toEqual([[-(PAGES - 1), -PAGES, PAGES + 1, PAGES + 2]])
})

describe('a pull that is compressed ahead', () => {
  test.each([null, 0])('has the pages of one that is not, from base %s', async (base) => {
    const expected = pagesOf(await streamed(base, null))
    expect(expected.size).toBeGreaterThan(PAGES_PER_CHUNK * 3)
    // Other work is in front of it in the thread pool, so that everything is read ahead that may be.
    const otherWork = Array.from({ length: 8 }, () => derive('', '', 50_000, 64, 'sha512'))
    expect(pagesOf(await streamed(base, new LargePulls(0).begin(0)))).toEqual(expected)
    await Promise.all(otherWork)
  })

  test('is the same bytes each time: another worker may have to go on with it', async () => {
    const stream = await streamed(null, new LargePulls(0).begin(0))
    expect((await streamed(null, new LargePulls(0).begin(0))).equals(stream)).toBe(true)
  })

  test('keeps its revision while it is read, and no longer', async () => {
    const { history } = database
    const plan = {
      target: 1,
      base: null,
      sizeInPages: PAGES,
      pages: Uint32Array.from({ length: PAGES }, (_, i) => i + 1),
    }
    const header = new Uint8Array(1)
    const unpin = vi.fn<() => void>()
    const pin = vi.spyOn(history, 'pin').mockReturnValue(unpin)
    const stream = pullStream(history, plan, new PullEncoder('tidemark'), {
      header,
      place: new LargePulls(0).begin(0),
    })
    await stream.next()
    await stream.next()
    expect(pin).toHaveBeenCalledWith(1)
    expect(unpin).not.toHaveBeenCalled()
    await stream.return(undefined)
    expect(unpin).toHaveBeenCalledOnce()
    pin.mockRestore()
  })
})
