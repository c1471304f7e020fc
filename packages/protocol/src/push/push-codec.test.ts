import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { changes as someChanges } from '../../test/support/arbitrary-changes.ts'
import { decodePush, encodePush, pushHeaderFor } from '../../test/support/streams.ts'
import type { Change, RowChange, TableShape } from '../change.ts'
import { LimitError, ProtocolError } from '../errors.ts'
import { initProtocol } from '../zstd/zstd.ts'
import { PushDecoder } from './push-decoder.ts'
import { PushEncoder } from './push-encoder.ts'

const NOTE: TableShape = { name: 'note', columns: ['id', 'body'], key: [0] }

function insert(changeId: number, body: string | Uint8Array, table: TableShape = NOTE): RowChange {
  return {
    kind: 'insert',
    changeId,
    table,
    rowid: BigInt(changeId),
    key: [],
    columns: [0, 1],
    values: [BigInt(changeId), body],
    expectedColumns: [],
    expected: [],
  }
}

function decodedChanges(body: Uint8Array, chunkBytes?: number): Change[] {
  return decodePush(body, chunkBytes).flatMap((event) => (event.type === 'change' ? [event.change] : []))
}

beforeAll(async () => initProtocol())

describe('a push', () => {
  it('crosses exactly, whatever the changes and however it is cut', () => {
    fc.assert(
      fc.property(someChanges, fc.integer({ min: 1, max: 500 }), (changes, chunkBytes) => {
        const header = pushHeaderFor(changes)
        const body = Buffer.concat(encodePush(changes, header))
        const events = decodePush(body, chunkBytes)
        expect(events[0]).toStrictEqual({ type: 'header', header })
        expect(events.slice(1)).toStrictEqual(changes.map((change) => ({ type: 'change', change })))
      }),
      { numRuns: 300 },
    )
  })

  it('without changes is a header and an end', () => {
    expect(decodedChanges(Buffer.concat(encodePush([], pushHeaderFor([]))))).toEqual([])
  })

  it('keeps all fields of its header', () => {
    const header = pushHeaderFor([], {
      previousPushId: new Uint8Array(16).fill(9),
      firstChangeId: 2 ** 40,
      lastChangeId: Number.MAX_SAFE_INTEGER,
      walPages: 2 ** 35,
      conflictPolicy: 'last-push-wins',
      enforceForeignKeys: false,
      baseRevision: '',
    })
    expect(decodePush(Buffer.concat(encodePush([], header)))).toStrictEqual([{ type: 'header', header }])
  })

  it('is cut into blocks of about 64, 128 and from then on 256 KiB; all changes of a table share one shape', () => {
    const changes = Array.from({ length: 900 }, (_, i) => insert(i + 1, `${i}`.padEnd(1000)))
    const messages = encodePush(changes, pushHeaderFor(changes))
    expect(messages.length).toBe(2 + 5)
    const decoded = decodedChanges(Buffer.concat(messages)) as RowChange[]
    expect(decoded).toStrictEqual(changes)
    expect(new Set(decoded.map((change) => change.table)).size).toBe(1)
  })

  it('puts a value larger than a block into a block of its own', () => {
    const blob = Buffer.alloc(5_000_000, 'incompressible?')
    const changes = [insert(1, 'before'), insert(2, new Uint8Array(blob)), insert(3, 'after')]
    const messages = encodePush(changes, pushHeaderFor(changes))
    expect(messages.length).toBe(5)
    expect(decodedChanges(Buffer.concat(messages), 100_000)).toStrictEqual(changes)
  })

  it('numbers equal shapes once, and sends a changed shape again', () => {
    const wider: TableShape = { ...NOTE, columns: ['id', 'body', 'extra'] }
    const changes = [
      insert(1, 'a', { ...NOTE }),
      insert(2, 'b', { ...NOTE }),
      { ...insert(3, 'c', wider), columns: [0, 1, 2], values: [3n, 'c', null] },
      insert(4, 'd', NOTE),
    ]
    const decoded = decodedChanges(Buffer.concat(encodePush(changes, pushHeaderFor(changes)))) as RowChange[]
    expect(decoded).toStrictEqual(changes)
    expect(decoded[0]!.table).toBe(decoded[3]!.table)
    expect(decoded[0]!.table).not.toBe(decoded[2]!.table)
  })

  it('holds rows of 2,000 columns', () => {
    const columns = Array.from({ length: 2000 }, (_, i) => `c${i}`)
    const table: TableShape = { name: 'wide', columns, key: [0, 1999] }
    const all = [...columns.keys()]
    const changes = Array.from({ length: 50 }, (_, i): RowChange => ({
      ...insert(i + 1, ''),
      table,
      columns: all,
      values: all.map((c) => BigInt(c * i)),
    }))
    expect(decodedChanges(Buffer.concat(encodePush(changes, pushHeaderFor(changes))))).toStrictEqual(changes)
  })

  it('stores 10,000 rows in little more than their values, before compression too', () => {
    const encoder = new PushEncoder()
    for (let i = 1; i <= 10_000; i += 1) encoder.change(insert(i, ''))
    const raw = encoder.end().reduce((sum, message) => sum + message.byteLength, 0)
    expect(raw).toBeLessThan(10_000)
  })
})

describe('PushEncoder', () => {
  const misused: [string, Change[]][] = [
    ['ids that do not increase', [insert(2, 'a'), insert(2, 'b')]],
    ['a row with too few values', [{ ...insert(1, 'a'), values: [1n] }]],
    ['a later row with too few values', [insert(1, 'a'), { ...insert(2, 'a'), values: [1n] }]],
    ['an update without its key', [{ ...insert(1, 'a'), kind: 'update' }]],
    ['an insert of no columns', [{ ...insert(1, 'a'), columns: [], values: [] }]],
    ['a rowid beyond 64 bits', [{ ...insert(1, 'a'), rowid: 2n ** 63n }]],
    ['an id that is not whole', [{ ...insert(1, 'a'), changeId: 1.5 }]],
  ]
  it.each(misused)('refuses %s', (_, changes) => {
    expect(() => encodePush(changes, pushHeaderFor([]))).toThrow(ProtocolError)
  })

  it('refuses a header that breaks its rules', () => {
    const encode = (more: object) => () => new PushEncoder().header(pushHeaderFor([], more))
    expect(encode({ clientId: '' })).toThrow(ProtocolError)
    expect(encode({ clientId: 'x'.repeat(2000) })).toThrow(LimitError)
    expect(encode({ pushId: new Uint8Array(15) })).toThrow(ProtocolError)
    expect(encode({ previousPushId: new Uint8Array(1) })).toThrow(ProtocolError)
    expect(encode({ firstChangeId: 0 })).toThrow(ProtocolError)
    expect(encode({ firstChangeId: 5, lastChangeId: 4 })).toThrow(ProtocolError)
    expect(encode({ walPages: -1 })).toThrow(ProtocolError)
  })
})

describe('PushDecoder', () => {
  const changes = Array.from({ length: 5 }, (_, i) => insert(i + 10, 'x'))
  const header = pushHeaderFor(changes)

  it('refuses changes outside the announced ids (I3)', () => {
    const early = encodePush(changes, { ...header, firstChangeId: 11 })
    const late = encodePush(changes, { ...header, lastChangeId: 13 })
    expect(() => decodePush(Buffer.concat(early))).toThrow(ProtocolError)
    expect(() => decodePush(Buffer.concat(late))).toThrow(ProtocolError)
  })

  it('refuses blocks that are missing, doubled, swapped, or of another push (I5, I8)', () => {
    const many = Array.from({ length: 440 }, (_, i) => insert(i + 1, `${i}`.padEnd(1000)))
    const [head, a, b, c, end] = encodePush(many, pushHeaderFor(many))
    const other = encodePush(many, pushHeaderFor(many, { clientId: 'client-2' }))
    const bodies = [
      [head, a, b, end],
      [head, a, b, c, c, end],
      [head, b, a, c, end],
      [head, a, b, c],
      [a, b, c, end],
      [head, head, a, b, c, end],
      [head, a, b, c, end, end],
      [head, a, b, c, end, a],
      [other[0], a, b, c, end],
      [head],
      [end],
      [],
    ]
    for (const body of bodies)
      expect(() => decodePush(Buffer.concat(body as Uint8Array[]))).toThrow(ProtocolError)
    expect(decodePush(Buffer.concat([head!, a!, b!, c!, end!]))).toHaveLength(441)
  })

  it('does not write to values that it gave out, nor needs a chunk that was used', () => {
    const blobs = Array.from({ length: 12 }, (_, i) =>
      i % 3 === 0 ? new Uint8Array(90_000).fill(i) : randomFillSync(new Uint8Array(90_000)),
    )
    const sent = blobs.map((blob, i) => insert(i + 1, blob))
    const body = Buffer.concat(encodePush(sent, pushHeaderFor(sent)))
    const memory = new Uint8Array(200_000)
    const decoder = new PushDecoder()
    const received: Uint8Array[] = []
    for (let offset = 0; offset < body.length; offset += memory.length) {
      const chunk = memory.subarray(0, body.copy(memory, 0, offset))
      for (const event of decoder.push(chunk))
        if (event.type === 'change') received.push((event.change as RowChange).values[1] as Uint8Array)
    }
    decoder.end()
    expect(received.map((blob, i) => Buffer.compare(blob, blobs[i]!))).toEqual(blobs.map(() => 0))
  })

  it('refuses a block, or blocks together, above the limits', () => {
    const large = [insert(1, new Uint8Array(300_000)), insert(2, new Uint8Array(900_000))]
    const body = Buffer.concat(encodePush(large, pushHeaderFor(large)))
    expect(() => decodePush(body, body.length, { maxBlockBytes: 800_000 })).toThrow(LimitError)
    expect(() => decodePush(body, body.length, { maxPushBytes: 1_000_000 })).toThrow(LimitError)
    expect(decodePush(body, body.length, { maxBlockBytes: 901_000, maxPushBytes: 1_300_000 })).toHaveLength(3)
  })

  it('and PushEncoder hold about one block of 400 MB at a time (I7)', () => {
    const encoder = new PushEncoder()
    const decoder = new PushDecoder()
    const total = 200_000
    let decoded = 0
    const take = (bytes: Uint8Array): void => {
      for (const event of decoder.push(bytes)) decoded += event.type === 'change' ? 1 : 0
    }
    take(encoder.header({ ...header, firstChangeId: 1, lastChangeId: total }))
    const before = process.memoryUsage()
    let peak = 0
    for (let i = 1; i <= total; i += 1) {
      const block = encoder.change(insert(i, `${i}`.padEnd(2000)))
      if (block !== null) take(block)
      if (i % 10_000 === 0) peak = Math.max(peak, process.memoryUsage().rss)
    }
    for (const message of encoder.end()) take(message)
    decoder.end()
    expect(decoded).toBe(total)
    expect(peak - before.rss).toBeLessThan(250_000_000)
  })
})
