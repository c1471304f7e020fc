import { RawText } from '@tidemark/protocol'
import type { SqlValue } from '@tidemark/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CapturedDecoder, CapturedEncoder, changeIdOf, encodeCaptured } from './captured-codec.ts'
import type { CapturedChange } from './captured-change.ts'

const value: fc.Arbitrary<SqlValue> = fc.oneof(
  fc.constantFrom<SqlValue>(
    null,
    0,
    -0,
    Infinity,
    -Infinity,
    0n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    '',
    'a\0b',
    new Uint8Array(),
  ),
  fc.double({ noNaN: true }),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array(),
  fc.uint8Array({ minLength: 1000, maxLength: 2000 }),
  fc.uint8Array().map((bytes) => new RawText(bytes)),
)

test('a captured change survives its bytes, to the bit', () => {
  const decoder = new CapturedDecoder()
  const encoder = new CapturedEncoder()
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 3, maxLength: 3 }),
      fc.option(fc.bigInt(-10n, 10n)),
      (image, rowid) => {
        const table = { name: 't "ö"', columns: ['a', 'b', 'c'], key: [1, 0] }
        const head = { changeId: 2 ** 53 - 1, timeMs: Date.now() }
        const changes: CapturedChange[] = [
          { kind: 'insert', ...head, table, rowid, before: null, after: image },
          { kind: 'update', ...head, table, rowid, before: image, after: image.toReversed() },
          { kind: 'delete', ...head, table, rowid, before: image, after: null },
          { kind: 'schema', ...head, sql: 'CREATE TABLE "ö"(x)' },
          { kind: 'commit', ...head, lastIdBefore: null },
          { kind: 'commit', ...head, lastIdBefore: 2 ** 40 },
        ]
        for (const change of changes)
          expect(comparable(decoder.decode(encoder.encode(change)))).toEqual(comparable(change))
        for (const change of changes) expect(changeIdOf(encodeCaptured(change))).toBe(change.changeId)
      },
    ),
  )
})

/** Bytes as arrays: a Buffer is as good as any Uint8Array. */
function comparable(change: CapturedChange): unknown {
  if (!('table' in change)) return change
  const plain = (image: readonly SqlValue[] | null): unknown =>
    image?.map((item) =>
      item instanceof RawText ? { raw: [...item.bytes] } : item instanceof Uint8Array ? [...item] : item,
    )
  return { ...change, before: plain(change.before), after: plain(change.after) }
}
