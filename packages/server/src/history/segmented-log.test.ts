import fs, { mkdirSync, mkdtempDisposableSync, readdirSync, readlinkSync, renameSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SEGMENT_HEADER_SIZE } from './history-format.ts'
import { SegmentedLog } from './segmented-log.ts'

const ID = 'ffeeddccbbaa99887766554433221100'
const SEGMENT_BYTES = 1024
let folder: ReturnType<typeof mkdtempDisposableSync>
let path: string

beforeEach(() => {
  folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-log-'))
  path = join(folder.path, 'history')
  mkdirSync(path)
})

afterEach(() => {
  folder.remove()
})

const open = (): SegmentedLog => SegmentedLog.open(path, ID, SEGMENT_BYTES)

/** Descriptors of this process on files of the log. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`)
      return file.startsWith(path) ? [file] : []
    } catch {
      // That of the listing.
      return []
    }
  })
}

function fill(log: SegmentedLog, record: Uint8Array): number {
  const position = log.place(record.byteLength)
  log.write(position, record)
  log.advance(position + record.byteLength)
  return position
}

describe('a disk', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })

  it('that takes a few bytes at a time gets whole headers and records all the same', () => {
    const write = fs.writeSync.bind(fs) as (...args: unknown[]) => number
    vi.spyOn(fs, 'writeSync').mockImplementation((...args: unknown[]) => {
      const [descriptor, bytes, offset = 0, length = (bytes as Uint8Array).byteLength, position] = args
      return write(descriptor, bytes, offset, Math.min(7, length as number), position)
    })
    syncBuiltinESMExports()
    const record = Buffer.alloc(SEGMENT_BYTES - SEGMENT_HEADER_SIZE, 'tide')
    const log = open()
    const positions = [fill(log, record), fill(log, record)]
    log.close()

    const found = open()
    expect(found.segments).toHaveLength(2)
    for (const position of positions) {
      const image = Buffer.alloc(record.length)
      expect(found.read(position, image)).toBe(true)
      expect(image).toEqual(record)
    }
    found.close()
  })

  it.each([
    ['syncs', 'fsyncSync'],
    // As over a network, where the file may have been made.
    ['opens', 'openSync'],
  ] as const)(
    'that refuses a new segment as it %s, before a record that the last one has room for, leaves a log without a gap',
    (_, call) => {
      const log = open()
      fill(log, Buffer.from('x'))
      const original = fs[call] as (...args: unknown[]) => unknown
      vi.spyOn(fs, call).mockImplementation((...args: unknown[]) => {
        original(...args)
        throw new Error('EIO: injected')
      })
      syncBuiltinESMExports()
      expect(() => log.place(SEGMENT_BYTES)).toThrow('EIO')
      vi.restoreAllMocks()
      syncBuiltinESMExports()
      fill(log, Buffer.from('y'))
      fill(log, Buffer.alloc(SEGMENT_BYTES))
      const { end } = log
      log.close()
      const found = open()
      expect(found.end).toBe(end)
      found.close()
    },
  )

  it('that refuses a new segment leaves no file open, and the next attempt begins it', () => {
    const log = open()
    vi.spyOn(fs, 'fsyncSync').mockImplementation(() => {
      throw new Error('EIO: injected')
    })
    syncBuiltinESMExports()
    expect(() => log.place(1)).toThrow('EIO')
    expect(openFiles()).toEqual([])

    vi.restoreAllMocks()
    syncBuiltinESMExports()
    fill(log, Buffer.from('x'))
    log.close()
    const found = open()
    expect(found.segments).toHaveLength(1)
    found.close()
  })
})

it('a log with a gap is refused, and no file of it stays open', () => {
  const log = open()
  for (let segment = 0; segment < 3; segment++) fill(log, Buffer.alloc(SEGMENT_BYTES))
  const [, middle] = log.segments
  log.close()
  renameSync(middle!.path, join(folder.path, 'elsewhere'))
  expect(open).toThrow(expect.objectContaining({ code: 'TIDEMARK_HISTORY_DAMAGED' }))
  expect(openFiles()).toEqual([])
})
