import fs, {
  mkdtempDisposableSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InfoFile, readInfoFile, replaceInfoFile } from './info-file.ts'

const SLOT_BYTES = 4096
let folder: ReturnType<typeof mkdtempDisposableSync>
let path: string

beforeEach(() => {
  folder = mkdtempDisposableSync(join(tmpdir(), 'tidemark-info-'))
  path = join(folder.path, 'a.db-info')
  replaceInfoFile(path, { n: 0 })
})
afterEach(() => folder.remove())

/** Makes a slot's content nonsense, as a torn write does. */
function tear(slot: number): void {
  const content = readFileSync(path)
  content.fill('x', slot * SLOT_BYTES + 20, slot * SLOT_BYTES + 2000)
  writeFileSync(path, content)
}

describe('the info file', () => {
  it('holds the newest of many states, in the same file', () => {
    const { ino, size } = statSync(path)
    const file = new InfoFile(path)
    for (let n = 1; n <= 7; n += 1) {
      file.update((current) => {
        expect(current).toMatchObject({ n: n - 1 })
        return { n, text: 'ü'.repeat(n) }
      })
      expect(readInfoFile(path)).toEqual({ n, text: 'ü'.repeat(n) })
    }
    expect(statSync(path)).toMatchObject({ ino, size })
  })

  it('is one JSON document, small or large', () => {
    const file = new InfoFile(path)
    const states = (): unknown =>
      (JSON.parse(readFileSync(path, 'utf8')) as { info: unknown }[]).map((entry) => entry?.info)
    expect(states()).toEqual([{ n: 0 }, undefined, undefined])
    for (let n = 1; n <= 4; n += 1) file.update(() => ({ n }))
    expect(states()).toEqual([{ n: 3 }, { n: 4 }, { n: 2 }])
    const large = { text: 'x'.repeat(5000) }
    file.update(() => large)
    expect(states()).toEqual([large])
  })

  it('falls back to the state before where the newest is torn', () => {
    const file = new InfoFile(path)
    file.update(() => ({ n: 1 }))
    file.update(() => ({ n: 2 }))
    tear(2)
    expect(readInfoFile(path)).toEqual({ n: 1 })
    tear(1)
    expect(readInfoFile(path)).toEqual({ n: 0 })
    tear(0)
    expect(readInfoFile(path)).toBeUndefined()
  })

  it('notices what has become of a state that it has read before', () => {
    const file = new InfoFile(path)
    file.update(() => ({ n: 1 }))
    expect(file.read()).toEqual({ n: 1 })
    tear(1)
    expect(file.read()).toEqual({ n: 0 })
    replaceInfoFile(path, { n: 7 })
    expect(file.read()).toEqual({ n: 7 })
  })

  it('has what is in the file where a write failed', () => {
    const file = new InfoFile(path)
    file.replace({ n: 1 })
    vi.spyOn(fs, 'fdatasyncSync').mockImplementation(() => {
      throw new Error('EIO')
    })
    syncBuiltinESMExports()
    expect(() => file.update(() => ({ n: 2 }))).toThrow('EIO')
    vi.restoreAllMocks()
    syncBuiltinESMExports()
    expect(file.read()).toEqual(readInfoFile(path))
  })

  it.each([SLOT_BYTES, 3 * SLOT_BYTES, 20_000])(
    'takes a state of about %i bytes, and goes on from it',
    (bytes) => {
      const file = new InfoFile(path)
      for (let excess = -120; excess < 4; excess += 1) {
        const large = { text: 'x'.repeat(bytes + excess) }
        file.update(() => large)
        expect(readInfoFile(path)).toEqual(large)
      }
      file.update(() => ({ n: 1 }))
      file.update(() => ({ n: 2 }))
      expect(readInfoFile(path)).toEqual({ n: 2 })
    },
  )

  it('goes on from a file that is the state alone, as the first versions wrote it', () => {
    writeFileSync(path, `${JSON.stringify({ n: 5 }, null, 2)}\n`)
    expect(readInfoFile(path)).toEqual({ n: 5 })
    new InfoFile(path).update((current) => ({ ...(current as object), m: 6 }))
    expect(readInfoFile(path)).toEqual({ n: 5, m: 6 })
  })

  it('goes on from what another process has written', () => {
    const [one, other] = [new InfoFile(path), new InfoFile(path)]
    for (let n = 1; n < 12; n += 1) (n % 5 < 2 ? one : other).update(() => ({ n }))
    expect(readInfoFile(path)).toEqual({ n: 11 })
    other.replace({ n: 12 })
    one.update(() => ({ n: 13 }))
    expect(readInfoFile(path)).toEqual({ n: 13 })
  })

  it('keeps the last state through kills, and a power loss that tears all that was not synced (I3)', () => {
    const operation = fc.record({ by: fc.nat(2), isKilled: fc.boolean() })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        replaceInfoFile(path, { n: 0 })
        const files = [new InfoFile(path), new InfoFile(path), new InfoFile(path)]
        const disk = new Disk(path)
        let durable = 0
        let n = 0
        disk.check = () =>
          expect((disk.stateAfterPowerLoss() as { n: number }).n).toBeGreaterThanOrEqual(durable)
        try {
          for (const { by, isKilled } of operations) {
            n += 1
            disk.isKilledAfterWrite = isKilled
            try {
              files[by]!.update(() => ({ n }))
              durable = n
            } catch (error) {
              if (error !== KILLED) throw error
              files[by] = new InfoFile(path)
            }
            disk.check()
          }
        } finally {
          vi.restoreAllMocks()
          syncBuiltinESMExports()
        }
      }),
    )
  })
})

const KILLED = new Error('killed')

/** What of the file is on disk, if none of it is before it is synced. */
class Disk {
  readonly #path: string
  #content: Buffer
  /** Called after each write. */
  check: () => void = () => {}
  isKilledAfterWrite = false

  constructor(file: string) {
    this.#path = realpathSync(file)
    this.#content = readFileSync(file)
    const write = fs.writeSync.bind(fs) as (...args: unknown[]) => number
    const sync = fs.fdatasyncSync.bind(fs)
    vi.spyOn(fs, 'writeSync').mockImplementation((...args: unknown[]) => {
      const written = write(...args)
      // Node writes whole files through this too.
      if (readlinkSync(`/proc/self/fd/${Number(args[0])}`) !== this.#path) return written
      const position = args[4] as number
      this.#content.fill(0, position, position + written)
      this.check()
      if (this.isKilledAfterWrite) throw KILLED
      return written
    })
    vi.spyOn(fs, 'fdatasyncSync').mockImplementation((descriptor) => {
      sync(descriptor)
      this.#content = readFileSync(this.#path)
    })
    syncBuiltinESMExports()
  }

  stateAfterPowerLoss(): unknown {
    const copy = `${this.#path}-after`
    writeFileSync(copy, this.#content)
    return readInfoFile(copy)
  }
}
